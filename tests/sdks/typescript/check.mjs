// Worker and client of the official TypeScript SDK against one server: `node check.mjs ADDRESS`.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, CompleteAsyncError, activityInfo, heartbeat, sleep } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';

const address = process.argv[2];
const logger = new DefaultLogger('ERROR');
Runtime.install({ logger, telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } } });

// ---- what the worker can do

const tokens = new Map();
const activities = {
  echo: async (text) => text,
  async flaky(until) {
    if (activityInfo().attempt < until) throw ApplicationFailure.create({ message: 'not yet', type: 'Flaky' });
    return `attempt ${activityInfo().attempt}`;
  },
  async refuse() {
    throw ApplicationFailure.create({ message: 'refused', type: 'Refusal', nonRetryable: true, cause: ApplicationFailure.create({ message: 'broke', type: 'Cause' }) });
  },
  async resume() {
    if (activityInfo().heartbeatDetails) return `resumed at ${activityInfo().heartbeatDetails}`;
    heartbeat('page 7');
    throw new Error('dies');
  },
  silent: () => pause(4000),
  async patient() {
    for (let i = 0; i < 400; i++) {
      heartbeat(i);
      await sleep(50); // throws once cancelled
    }
  },
  async later(key) {
    tokens.set(key, activityInfo().taskToken);
    throw new CompleteAsyncError();
  },
  big: async (bytes) => 'x'.repeat(bytes),
};

// ---- the client

const connection = await Connection.connect({ address });
const client = new Client({ connection });
const native = await NativeConnection.connect({ address });
const workflowBundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('workflows.mjs', import.meta.url)), logger });

function chain(error) {
  const parts = [];
  for (let e = error; e; e = e.cause) parts.push(e.type ? `${e.name}(${e.type}: ${e.message})` : e.name);
  return parts.join(' < ');
}
const options = (workflowId, ...args) => ({ workflowId, taskQueue: 'typescript', args });
const start = (type, id, more = {}) => client.workflow.start(type, { ...options(id), ...more });
const execute = (type, id, more = {}) => client.workflow.execute(type, { ...options(id), ...more });
const failure = (promise) => promise.then((result) => `nothing, but ${JSON.stringify(result)}`, chain);
const handle = (id, runId) => client.workflow.getHandle(id, runId);

async function until(what, condition) {
  for (let i = 0; i < 300; i++) {
    if (await condition()) return;
    await pause(50);
  }
  assert.fail(`never: ${what}`);
}

const scenarios = {
  async 'activities: results, retries, heartbeat details, local, 1 MiB'() {
    assert.equal(await execute('activities', 'ts-activities'), 'abc;attempt 3;resumed at page 7;attempt 2;1048576');
  },
  async 'activities: failures and time-outs keep their types'() {
    assert.deepEqual(await execute('failures', 'ts-failures'), [
      'ActivityFailure(refuse, NON_RETRYABLE_FAILURE) < ApplicationFailure(Refusal: refused, final) < ApplicationFailure(Cause: broke)',
      'ActivityFailure(flaky, MAXIMUM_ATTEMPTS_REACHED) < ApplicationFailure(Flaky: not yet)',
      'ActivityFailure(flaky, NON_RETRYABLE_FAILURE) < ApplicationFailure(Flaky: not yet)',
      'ActivityFailure(silent, MAXIMUM_ATTEMPTS_REACHED) < TimeoutFailure(START_TO_CLOSE)',
      'ActivityFailure(silent, MAXIMUM_ATTEMPTS_REACHED) < TimeoutFailure(HEARTBEAT)',
      'ActivityFailure(silent, TIMEOUT) < TimeoutFailure(SCHEDULE_TO_CLOSE)',
      'ActivityFailure(echo, TIMEOUT) < TimeoutFailure(SCHEDULE_TO_START)',
    ]);
  },
  async 'activities: cancellation, waited for, not waited for, not started'() {
    const cancelled = (type) => `ActivityFailure(${type}, CANCEL_REQUESTED) < CancelledFailure()`;
    assert.deepEqual(await execute('cancelActivities', 'ts-cancel-activities'), [cancelled('patient'), cancelled('patient'), cancelled('echo')]);
  },
  async 'activities: completion by token and by id'() {
    for (const id of ['ts-by-token', 'ts-by-id', 'ts-fail-by-id']) {
      const running = await start('later', id);
      await until('the activity runs', async () => tokens.has(id) && (await running.describe()).raw.pendingActivities.length);
      const activity = { workflowId: id, activityId: 'later' };
      if (id === 'ts-by-token') await client.activity.complete(tokens.get(id), id);
      else if (id === 'ts-by-id') await client.activity.complete(activity, id);
      else await client.activity.fail(activity, ApplicationFailure.create({ message: 'by id', type: 'ById' }));
      if (id === 'ts-fail-by-id') assert.equal(await failure(running.result()), 'WorkflowFailedError < ActivityFailure < ApplicationFailure(ById: by id)');
      else assert.equal(await running.result(), id);
      assert.equal(await failure(client.activity.complete(tokens.get(id), 'late')), 'ActivityNotFoundError');
    }
  },
  async 'signals, queries, continue-as-new'() {
    const add = { signal: 'add', ...options('ts-collect', 0) };
    const first = await client.workflow.signalWithStart('collect', { ...add, signalArgs: ['one'] });
    const again = await client.workflow.signalWithStart('collect', { ...add, signalArgs: ['two'] });
    assert.equal(again.signaledRunId, first.signaledRunId);
    assert.equal(await first.query('words', '!'), 'one,two!');
    assert.match(await failure(first.query('broken')), /^QueryNotRegisteredError/);
    assert.match(await failure(first.query('unheard')), /^QueryNotRegisteredError/);
    assert.match(await first.query('__stack_trace'), /collect/);
    await first.signal('add', 'anew');
    const current = handle('ts-collect');
    await until('the next run', async () => (await current.describe()).runId !== first.signaledRunId);
    await current.signal('add', 'stop');
    assert.equal(await first.result(), 'stop in run 1');
    assert.equal(await current.query('words', '?'), 'stop?');
    assert.equal(await failure(current.signal('add', 'late')), 'WorkflowNotFoundError');
    assert.equal(await failure(handle('ts-nobody').query('words')), 'WorkflowNotFoundError');
    const rejecting = new Client({ connection, workflow: { queryRejectCondition: 'NOT_OPEN' } });
    assert.equal(await failure(rejecting.workflow.getHandle('ts-collect').query('words', '')), 'QueryRejectedError');
  },
  async 'cancel, terminate, time out, fail, retry'() {
    const cancelled = await start('wait', 'ts-cancelled');
    await until('it waits', async () => (await cancelled.describe()).historyLength >= 5);
    await cancelled.cancel();
    assert.equal(await failure(cancelled.result()), 'WorkflowFailedError < CancelledFailure');
    const terminated = await start('wait', 'ts-terminated');
    await terminated.terminate('enough');
    assert.equal(await failure(terminated.result()), 'WorkflowFailedError < TerminatedFailure');
    assert.equal(await failure(terminated.terminate()), 'WorkflowNotFoundError');
    assert.equal(await failure(execute('wait', 'ts-late', { workflowRunTimeout: '1s' })), 'WorkflowFailedError < TimeoutFailure');
    assert.equal(await failure(execute('fail', 'ts-failed')), 'WorkflowFailedError < ApplicationFailure(Told: told to fail) < ApplicationFailure(Inner: inner)');
    assert.equal(await execute('retried', 'ts-retried', { retry: { initialInterval: 50 } }), 'attempt 3 after attempt 2');
  },
  async 'patches, random values, timers, memo'() {
    const running = await start('deterministic', 'ts-deterministic', { memo: { first: 1, kept: true } });
    assert.equal(await running.result(), 'true,36,false,true,short,upserted');
    const { memo, searchAttributes, status } = await running.describe();
    assert.deepEqual({ ...memo }, { kept: true, note: 'upserted' });
    assert.deepEqual(searchAttributes.TemporalChangeVersion, ['change']);
    assert.equal(status.name, 'COMPLETED');
  },
  async 'children: results, failures, signals, cancellation, parent close policies'() {
    assert.deepEqual(await execute('children', 'ts-children'), [
      'attempt 3 after attempt 2',
      'ChildWorkflowFailure(RETRY_POLICY_NOT_SET) < ApplicationFailure(Told: told to fail) < ApplicationFailure(Inner: inner, final)',
      'ChildWorkflowFailure(RETRY_POLICY_NOT_SET) < TimeoutFailure(START_TO_CLOSE)',
      'ChildWorkflowFailure(NON_RETRYABLE_FAILURE) < CancelledFailure()',
      'WorkflowExecutionAlreadyStartedError()',
      'hello,stop in run 0',
    ]);
    for (const [policy, fate] of [['TERMINATE', 'TERMINATED'], ['ABANDON', 'RUNNING'], ['REQUEST_CANCEL', 'CANCELLED']]) {
      await execute('leave', `ts-${policy}`, { args: [policy] });
      await until(`${policy}: ${fate}`, async () => (await handle(`ts-${policy}-child`).describe()).status.name === fate);
    }
  },
  async 'signals and cancellation from another workflow'() {
    const collecting = await start('collect', 'ts-others-collect', { args: [0] });
    const waiting = await start('wait', 'ts-others-wait');
    for (const refused of await execute('others', 'ts-others')) assert.match(refused, /not found/i);
    assert.equal(await collecting.result(), 'from outside,stop in run 0');
    assert.equal(await failure(waiting.result()), 'WorkflowFailedError < CancelledFailure');
  },
  async 'starting an id that is taken'() {
    const taken = 'WorkflowExecutionAlreadyStartedError';
    const first = await start('wait', 'ts-taken');
    assert.equal(await failure(start('wait', 'ts-taken')), taken);
    const existing = await start('wait', 'ts-taken', { workflowIdConflictPolicy: 'USE_EXISTING' });
    assert.equal(existing.firstExecutionRunId, first.firstExecutionRunId);
    await pause(1100); // a run younger than a second may not be displaced
    const second = await start('collect', 'ts-taken', { args: [7], workflowIdConflictPolicy: 'TERMINATE_EXISTING' });
    assert.equal(await failure(handle('ts-taken', first.firstExecutionRunId).result()), 'WorkflowFailedError < TerminatedFailure');
    await second.signal('add', 'stop');
    assert.equal(await second.result(), 'stop in run 7');
    for (const workflowIdReusePolicy of ['REJECT_DUPLICATE', 'ALLOW_DUPLICATE_FAILED_ONLY'])
      assert.equal(await failure(start('wait', 'ts-taken', { workflowIdReusePolicy })), taken);
    const before = Date.now();
    await execute('many', 'ts-delayed', { args: [1], startDelay: '1s' });
    assert.ok(Date.now() - before > 950);
  },
  async 'fifty workflows at once, listed and counted'() {
    const all = [...Array(50).keys()].map((n) => execute('many', `ts-many-${n}`, { args: [n] }));
    assert.deepEqual(await Promise.all(all), [...Array(50).keys()].map((n) => `${n}!`));
    const query = "WorkflowId STARTS_WITH 'ts-many-' AND ExecutionStatus = 'Completed'";
    await until('all are counted', async () => (await client.workflow.count(query)).count === 50);
    let listed = 0;
    for await (const _ of client.workflow.list({ query, pageSize: 30 })) listed++;
    assert.equal(listed, 50);
    assert.equal(await failure(client.workflow.count('Nonsense = 1')), 'ServiceError < Error');
  },
  async 'values and messages over the limits are refused'() {
    assert.match(await failure(start('collect', 'ts-3-mib', { args: ['x'.repeat(3 << 20)] })), /^ServiceError/);
    assert.equal(await failure(execute('large', 'ts-5-mib', { args: [5 << 20] })), 'WorkflowFailedError < TerminatedFailure');
  },
};

let [passed, failed] = [0, 0];
async function run(name, scenario) {
  try {
    const late = pause(150_000, undefined, { ref: false }).then(() => assert.fail('no end after 150 s'));
    await Promise.race([scenario(), late]);
    passed += 1;
    console.log(`ok    ${name}`);
  } catch (problem) {
    failed += 1;
    console.log(`FAIL  ${name}\n${problem?.stack ?? problem}`);
  }
}

async function worker(more = {}) {
  const worker = await Worker.create({
    connection: native, taskQueue: 'typescript', workflowBundle, activities, maxHeartbeatThrottleInterval: '300ms', shutdownGraceTime: '1s', ...more,
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    const late = pause(60_000, undefined, { ref: false }).then(() => assert.fail('the worker does not stop'));
    await Promise.race([running, late]);
  };
}

const stop = await worker();
const waiting = Object.entries(scenarios);
const inTurn = async () => {
  while (waiting.length > 0) await run(...waiting.shift());
};
await Promise.all([1, 2, 3, 4].map(inTurn));
await run('the worker shuts down', stop);

await run('a worker restarts in the middle, without a cache', async () => {
  const taskQueue = 'typescript-restarted';
  const stopFirst = await worker({ taskQueue });
  const running = await start('collect', 'ts-restarted', { taskQueue, args: [0] });
  await running.signal('add', 'before');
  assert.equal(await running.query('words', ''), 'before');
  await stopFirst();
  await running.signal('add', 'between');
  const stopSecond = await worker({ taskQueue, maxCachedWorkflows: 0 });
  assert.equal(await running.query('words', ''), 'before,between');
  await running.signal('add', 'stop');
  assert.equal(await running.result(), 'before,between,stop in run 0');
  assert.equal(await execute('deterministic', 'ts-uncached', { taskQueue }), 'true,36,false,true,short,upserted');
  await stopSecond();
});

await run('histories replay', async () => {
  for (const id of ['activities', 'cancel-activities', 'collect', 'deterministic', 'children', 'restarted'])
    await Worker.runReplayHistory({ workflowBundle }, await handle(`ts-${id}`).fetchHistory(), `ts-${id}`);
});

await native.close();
await connection.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
