import { describe, expect, test } from 'vitest';
import { chooseAddress, findUrlFault, isPublicAddress } from '../../../lambdas/webhooks/address.ts';

const onAws = { allowsLoopback: false };
const onLaptop = { allowsLoopback: true };

describe('isPublicAddress', () => {
  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '169.253.255.255',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:81b::200e',
    '2620:4f:7fff::1',
  ])('accepts %s', (address) => expect(isPublicAddress(address)).toBe(true));

  test.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private', '10.0.0.1'],
    ['private', '10.255.255.255'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['carrier-grade NAT', '100.127.255.255'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['metadata of EC2', '169.254.169.254'],
    ['metadata of ECS', '169.254.170.2'],
    ['link-local', '169.254.0.1'],
    ['protocol assignments', '192.0.0.170'],
    ['documentation', '192.0.2.1'],
    ['6to4 relay', '192.88.99.1'],
    ['benchmarks', '198.18.0.1'],
    ['benchmarks', '198.19.255.255'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['multicast', '224.0.0.1'],
    ['multicast', '239.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped private', '::ffff:10.0.0.1'],
    ['IPv4-mapped metadata in hexadecimal', '::ffff:a9fe:a9fe'],
    ['IPv4-mapped public', '::ffff:8.8.8.8'],
    ['IPv4-compatible', '::10.0.0.1'],
    ['IPv4-translated', '::ffff:0:10.0.0.1'],
    ['NAT64 of a private address', '64:ff9b::10.0.0.1'],
    ['NAT64 of the metadata', '64:ff9b::a9fe:a9fe'],
    ['NAT64 of a local network', '64:ff9b:1::1'],
    ['discard', '100::1'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['ORCHID', '2001:20::1'],
    ['documentation', '2001:db8::1'],
    ['6to4 of a private address', '2002:a00:1::1'],
    ['documentation', '3fff::1'],
    ['segment routing', '5f00::1'],
    ['unique local', 'fc00::1'],
    ['metadata of EC2', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['public with a zone', '2606:4700:4700::1111%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['no address', 'example.com'],
    ['no address', ''],
    ['octal', '0177.0.0.1'],
    ['short', '127.1'],
  ])('refuses as not public %s: %s', (_kind, address) => expect(isPublicAddress(address)).toBe(false));
});

describe('findUrlFault', () => {
  test.each([
    'https://example.com/hook',
    'https://example.com:443/',
    'https://sub.example.com:8443/a?b=c%20d',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'HTTPS://EXAMPLE.COM/',
  ])('accepts %s', (url) => expect(findUrlFault(url, onAws)).toBeUndefined());

  test.each([
    ['http://example.com/', 'https'],
    ['ftp://example.com/', 'https'],
    ['file:///etc/passwd', 'https'],
    ['javascript:alert(1)', 'https'],
    ['example.com/hook', 'absolute'],
    ['', 'absolute'],
    ['https://', 'absolute'],
    ['https://user@example.com/', 'user name'],
    ['https://user:secret@example.com/', 'user name'],
    ['https://example.com:443@10.0.0.1/', 'user name'],
    ['https://example.com/#top', 'fragment'],
    ['https://example.com:22/', 'port'],
    ['https://example.com:80/', 'port'],
    ['https://localhost/', 'host name'],
    ['https://localhost./', 'host name'],
    ['https://intranet/', 'host name'],
    ['https://127.0.0.1/', 'public address'],
    ['https://127.1/', 'public address'],
    ['https://2130706433/', 'public address'],
    ['https://0x7f000001/', 'public address'],
    ['https://0177.0.0.1/', 'public address'],
    ['https://169.254.169.254/latest/meta-data/', 'public address'],
    ['https://[::1]/', 'public address'],
    ['https://[::ffff:169.254.169.254]/', 'public address'],
    ['https://[64:ff9b::a9fe:a9fe]/', 'public address'],
    ['https://[fd00:ec2::254]/', 'public address'],
    ['https://example.com\\@10.0.0.1/', 'printable ASCII'],
    ['https://exa mple.com/', 'printable ASCII'],
    ['https://example.com/\r\nhost: a', 'printable ASCII'],
    ['https://１２７.0.0.1/', 'printable ASCII'],
    [`https://example.com/${'a'.repeat(2048)}`, '2048 characters'],
  ])('rejects the URL %s', (url, fault) => expect(findUrlFault(url, onAws)).toContain(fault));

  test.each(['http://127.0.0.1:9000/', 'http://[::1]:9000/', 'https://127.0.0.1:9000/', 'http://localhost:9000/'])(
    'accepts %s only where a stage allows loopback',
    (url) => {
      expect(findUrlFault(url, onLaptop)).toBeUndefined();
      expect(findUrlFault(url, onAws)).toBeDefined();
    },
  );

  test.each(['http://10.0.0.1/', 'http://[fe80::1]/', 'https://169.254.169.254/', 'https://localhost/'])(
    'refuses %s where a stage allows loopback',
    (url) => expect(findUrlFault(url, onLaptop)).toBeDefined(),
  );
});

describe('chooseAddress', () => {
  test('refuses a name if any of its addresses is not public', () => {
    expect(() => chooseAddress(['93.184.216.34', '10.0.0.1'], onAws, 0)).toThrow('10.0.0.1 is not public');
    expect(() => chooseAddress(['93.184.216.34', '::1'], onAws, 0)).toThrow('::1 is not public');
    expect(() => chooseAddress(['169.254.169.254'], onLaptop, 0)).toThrow('169.254.169.254 is not public');
  });

  test('refuses loopback unless the stage allows it', () => {
    expect(() => chooseAddress(['127.0.0.1'], onAws, 0)).toThrow('not public');
    expect(chooseAddress(['127.0.0.1'], onLaptop, 0)).toBe('127.0.0.1');
  });

  test('chooses one of the IPv4 addresses, and IPv6 only if there is no other', () => {
    const addresses = ['2606:4700:4700::1111', '1.1.1.1', '8.8.8.8'];
    expect([0, 0.49, 0.5, 0.99].map((random) => chooseAddress(addresses, onAws, random))).toEqual([
      '1.1.1.1',
      '1.1.1.1',
      '8.8.8.8',
      '8.8.8.8',
    ]);
    expect(chooseAddress(['2606:4700:4700::1111'], onAws, 0)).toBe('2606:4700:4700::1111');
  });

  test('fails if the name has no address', () => {
    expect(() => chooseAddress([], onAws, 0)).toThrow('no address');
  });
});
