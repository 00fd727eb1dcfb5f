// Tests run as CommonJS through SWC: fast, and free of Node's experimental module flags.
// The SDK's advice about the Node.js of this machine is not a test's matter.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/**
 * These take long, so that `npm test` leaves them out. `npm run test:slow` runs them, and `npx jest PATH` what it names.
 */
const SLOW = [
  'lambda/answers',
  'lambda/away',
  'lambda/hostile',
  'lambda/vend/vending/denied-secret',
  'lambda/vend/vending/handed-out-token',
  'lambda/vend/vending/new-secret',
  'lambda/vend/vending/refused-client',
  'lib/alias',
  'lib/app',
  'lib/canary',
  'lib/deployment',
  'lib/least-privilege',
  'lib/limits',
  'lib/named-callers',
  'lib/queries',
  'lib/resources',
  'lib/roles',
  'lib/secret-reads',
  'lib/updates',
  'local/start',
  'operating/faults',
  'operating/normal',
  'testbed/simulator',
  'testing/faults',
  'testing/process',
].map((name) => `<rootDir>/test/${name}.test.ts`);
const isSlow = 'SLOW' in process.env;
const namesTests = process.argv.slice(2).some((argument) => !argument.startsWith('-'));

export default {
  testEnvironment: 'node',
  // Only a test that hangs takes so long: none is to fail because its machine is slow.
  testTimeout: 60_000,
  // Without it, one of two cores would be left to watch the other.
  maxWorkers: '100%',
  modulePathIgnorePatterns: ['<rootDir>/.cache', '<rootDir>/dist'],
  testMatch: isSlow ? SLOW : ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: isSlow || namesTests ? [] : SLOW,
  transform: {
    '^.+\\.m?(ts|js)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
};
