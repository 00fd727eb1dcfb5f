// Tests run as CommonJS through SWC: fast, and free of Node's experimental module flags.
// The SDK's advice about the Node.js of this machine is not a test's matter.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

export default {
  testEnvironment: 'node',
  // Only a test that hangs takes so long: none is to fail because its machine is slow.
  testTimeout: 60_000,
  // Without it, one of two cores would be left to watch the other.
  maxWorkers: '100%',
  modulePathIgnorePatterns: ['<rootDir>/.cache', '<rootDir>/dist'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.m?(ts|js)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
};
