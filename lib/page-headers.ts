const contentSecurityPolicy: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
  'base-uri': "'none'",
  // Forms are sent by scripts. If the scripts do not load, no field may end up in an address.
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  // The page writes text only, so no script may turn a text into markup.
  'require-trusted-types-for': "'script'",
};

/**
 * The security headers of the page, wherever it is served. The local gateway sends them. A CloudFront distribution of
 * the page takes them as a response headers policy and adds Strict-Transport-Security, which HTTP on a laptop cannot
 * have.
 */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': Object.entries(contentSecurityPolicy)
    .map((directive) => directive.join(' '))
    .join('; '),
  'x-content-type-options': 'nosniff',
  // For browsers that do not know `frame-ancestors`.
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
