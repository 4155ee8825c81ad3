// What the check's worker runs: one workflow type for each part of the protocol.
import * as wf from '@temporalio/workflow';

const once = { maximumAttempts: 1 };
const acts = (options = {}) =>
  wf.proxyActivities({ startToCloseTimeout: '20s', retry: { initialInterval: 50, maximumAttempts: 4 }, ...options });
const local = wf.proxyLocalActivities({ startToCloseTimeout: '10s', retry: { initialInterval: 20, maximumAttempts: 3 } });

/** A failure and its causes, in what does not differ between two runs. */
export function chain(error) {
  const parts = [];
  for (let e = error; e; e = e.cause) {
    const shown = [e.type ? `${e.type}: ${e.message}` : '', e.activityType, e.timeoutType, e.retryState, e.nonRetryable ? 'final' : ''];
    parts.push(`${e.name}(${shown.filter(Boolean).join(', ')})`);
  }
  return parts.join(' < ');
}
const caught = (promise) => promise.then(() => 'nothing', (e) => chain(e));

export async function activities() {
  const abc = await Promise.all(['a', 'b', 'c'].map((x) => acts().echo(x)));
  const big = await acts().big(1 << 20);
  return [abc.join(''), await acts().flaky(3), await acts().resume(), await local.flaky(2), big.length].join(';');
}

export async function failures() {
  return Promise.all([
    caught(acts().refuse()),
    caught(acts({ retry: once }).flaky(9)),
    caught(acts({ retry: { nonRetryableErrorTypes: ['Flaky'] } }).flaky(9)),
    caught(acts({ retry: once, startToCloseTimeout: '300ms' }).silent()),
    caught(acts({ retry: once, heartbeatTimeout: '1s' }).silent()),
    caught(acts({ startToCloseTimeout: undefined, scheduleToCloseTimeout: '1s' }).silent()),
    caught(acts({ taskQueue: 'nobody', scheduleToStartTimeout: '200ms' }).echo('x')),
  ]);
}

/** Runs `start` in a scope that is cancelled when it has come to `ready`; gives the failure. */
async function cancelled(start) {
  const scope = new wf.CancellationScope();
  return scope.run(async () => {
    const running = caught(start());
    await wf.CancellationScope.nonCancellable(() => wf.sleep(500));
    scope.cancel();
    return running;
  });
}

export async function cancelActivities() {
  const patient = (cancellationType) => () => acts({ heartbeatTimeout: '10s', cancellationType }).patient();
  const unstarted = () => acts({ taskQueue: 'nobody', cancellationType: 'WAIT_CANCELLATION_COMPLETED' }).echo('x');
  return Promise.all([patient('WAIT_CANCELLATION_COMPLETED'), patient('TRY_CANCEL'), unstarted].map(cancelled));
}

export const later = () => acts({ retry: once, activityId: 'later' }).later(wf.workflowInfo().workflowId);

/** Signals, queries, continue-as-new. */
export async function collect(run) {
  const words = [];
  wf.setHandler(wf.defineSignal('add'), (word) => void words.push(word));
  wf.setHandler(wf.defineQuery('words'), (end) => words.join(',') + end);
  wf.setHandler(wf.defineQuery('broken'), () => { throw new Error('no answer'); });
  await wf.condition(() => words.includes('stop') || words.includes('anew'));
  if (words.includes('anew')) await wf.continueAsNew(run + 1);
  return `${words.join(',')} in run ${run}`;
}

export async function wait() {
  try {
    await wf.sleep('1h');
  } finally {
    await wf.CancellationScope.nonCancellable(() => acts().echo('clean up'));
  }
}

export async function fail() {
  const cause = wf.ApplicationFailure.nonRetryable('inner', 'Inner');
  throw wf.ApplicationFailure.create({ message: 'told to fail', type: 'Told', details: ['detail'], cause });
}

export async function retried() {
  const { attempt, lastFailure } = wf.workflowInfo();
  if (attempt < 3) throw wf.ApplicationFailure.create({ message: `attempt ${attempt}`, type: 'Again' });
  return `attempt ${attempt} after ${lastFailure.message}`;
}

/** Patches, random values, timers, memo. */
export async function deterministic() {
  const seen = [wf.patched('change'), wf.uuid4().length, await wf.condition(() => false, 20)];
  wf.upsertMemo({ note: 'upserted', first: null });
  await wf.sleep(20);
  const timers = [wf.sleep('1h').catch((e) => e.name), wf.sleep(20).then(() => 'short')];
  return [...seen, wf.patched('change'), await Promise.race(timers), wf.workflowInfo().memo.note].join();
}

export async function children() {
  const workflowId = `${wf.workflowInfo().workflowId}-child`;
  const results = [await wf.executeChild(retried, { workflowId, retry: { initialInterval: 20, maximumAttempts: 3 } })];
  results.push(await caught(wf.executeChild(fail, { workflowId })));
  results.push(await caught(wf.executeChild(wait, { workflowId, workflowRunTimeout: '1s' })));
  results.push(await cancelled(() => wf.executeChild(wait, { workflowId })));
  const child = await wf.startChild(collect, { workflowId, args: [0] });
  results.push(await caught(wf.executeChild(collect, { workflowId, args: [0] })));
  await child.signal('add', 'hello');
  await child.signal('add', 'stop');
  results.push(await child.result());
  return results;
}

export async function leave(parentClosePolicy) {
  await wf.startChild(wait, { workflowId: `${wf.workflowInfo().workflowId}-child`, parentClosePolicy });
}

/** Signals and cancels workflows that are not its children. */
export async function others() {
  const { workflowId } = wf.workflowInfo();
  const collecting = wf.getExternalWorkflowHandle(`${workflowId}-collect`);
  await collecting.signal('add', 'from outside');
  await collecting.signal('add', 'stop');
  await wf.getExternalWorkflowHandle(`${workflowId}-wait`).cancel();
  return Promise.all([
    caught(wf.getExternalWorkflowHandle('nobody').signal('add', 'x')),
    caught(wf.getExternalWorkflowHandle('nobody').cancel()),
  ]);
}

export async function large(bytes) {
  await Promise.all([...Array(bytes >> 20)].map(() => acts().echo('x'.repeat(1 << 20))));
}

export async function many(n) {
  const text = await acts().echo(String(n));
  await wf.sleep(1 + (n % 5) * 20);
  return `${await acts().echo(text)}!`;
}
