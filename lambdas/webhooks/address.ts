import { BlockList, isIP } from 'node:net';

type Network = readonly [address: string, prefix: number];

/** The special-purpose networks of IPv4 (RFC 6890 and its registry), with multicast and the reserved class E. */
const NOT_PUBLIC_IPV4: readonly Network[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Everything else in IPv6 is not public: loopback, link-local, private, multicast, IPv4-mapped, and NAT64. */
const GLOBAL_IPV6: readonly Network[] = [['2000::', 3]];
/** Parts of the global network that are not public, or lead to an IPv4 address: Teredo (in 2001::/23) and 6to4. */
const NOT_PUBLIC_IPV6: readonly Network[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
];
const LOOPBACK_IPV4: readonly Network[] = [['127.0.0.0', 8]];

function listOf(family: 'ipv4' | 'ipv6', networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, family);
  return list;
}
const notPublicIpv4 = listOf('ipv4', NOT_PUBLIC_IPV4);
const globalIpv6 = listOf('ipv6', GLOBAL_IPV6);
const notPublicIpv6 = listOf('ipv6', NOT_PUBLIC_IPV6);
const loopbackIpv4 = listOf('ipv4', LOOPBACK_IPV4);

/** Returns whether an address is a public one. What is no address, or has a zone (`fe80::1%eth0`), is not. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false;
  if (isIP(address) === 4) return !notPublicIpv4.check(address, 'ipv4');
  if (isIP(address) !== 6) return false;
  return globalIpv6.check(address, 'ipv6') && !notPublicIpv6.check(address, 'ipv6');
}

/** Returns whether an address is this host itself. */
export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIP(address) === 4 && loopbackIpv4.check(address, 'ipv4'));

/** Returns the host of a URL as DNS or a socket expects it: an IPv6 address without its brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

export interface UrlPolicy {
  /** Whether loopback addresses may be called, also by HTTP and on any port. Only local stages allow it. */
  readonly allowsLoopback: boolean;
}

const MAX_URL_CHARACTERS = 2048;
/** Other ports belong to services that do not expect requests of strangers. */
const PORTS: readonly string[] = ['', '443', '8443'];

/** Returns what is wrong with the URL of a webhook, or nothing. The addresses of a name are checked at each call. */
export function findUrlFault(text: string, { allowsLoopback }: UrlPolicy): string | undefined {
  if (text.length > MAX_URL_CHARACTERS) return `must have at most ${MAX_URL_CHARACTERS} characters`;
  // The parser of URLs would remove or encode these without a word.
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes('\\')) return 'must be an absolute URL in printable ASCII';
  const url = URL.parse(text);
  if (!url) return 'must be an absolute URL';
  if (url.username || url.password) return 'must not have a user name or a password';
  if (text.includes('#')) return 'must not have a fragment';
  const host = hostOf(url);
  if (allowsLoopback && isLoopback(host) && /^https?:$/.test(url.protocol)) return undefined;
  // What a name stands for is known at the call, which goes to loopback or fails.
  if (allowsLoopback && isIP(host) === 0 && url.protocol === 'http:') return undefined;
  if (url.protocol !== 'https:') return 'must begin with https://';
  if (!PORTS.includes(url.port)) return 'must use port 443 or 8443';
  if (isIP(host) !== 0 && !isPublicAddress(host)) return 'must have a public address';
  if (isIP(host) === 0 && !host.replace(/\.$/, '').includes('.')) return 'must have a public host name';
  return undefined;
}

/**
 * Returns the address to call, or throws. Every address of the name is checked: with one that is not public among them,
 * the name may be an attempt to reach it. The request must go to the returned address, since a second lookup of the
 * name could give another one.
 */
export function chooseAddress(addresses: readonly string[], { allowsLoopback }: UrlPolicy, random: number): string {
  const refused = addresses.filter((address) => !isPublicAddress(address) && !(allowsLoopback && isLoopback(address)));
  if (refused.length > 0) throw new Error(`the address ${refused[0]} is not public`);
  // Functions outside of a VPC reach the internet by IPv4 only.
  const ipv4 = addresses.filter((address) => isIP(address) === 4);
  const candidates = ipv4.length > 0 ? ipv4 : addresses;
  const address = candidates[Math.floor(random * candidates.length)];
  if (address === undefined) throw new Error('the host name has no address');
  return address;
}
