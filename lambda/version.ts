/** The version of this package, which its requests name. It is that of package.json. */
export const VERSION = '0.1.0';
