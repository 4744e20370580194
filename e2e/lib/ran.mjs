// A reporter for node's test runner: one line for each test, as cargo's own writes them, so that
// `cargo xtask trace --ran` can count the cases whose test ran.

export default async function* ran(events) {
  for await (const { type, data } of events) {
    const isTest = (type === 'test:pass' || type === 'test:fail') && data.details?.type !== 'suite';
    if (isTest && !data.skip && !data.todo) {
      yield `test ${data.name} ... ${type === 'test:pass' ? 'ok' : 'FAILED'}\n`;
    }
  }
}
