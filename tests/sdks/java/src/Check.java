import io.temporal.activity.*;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.*;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.client.*;
import io.temporal.common.*;
import io.temporal.failure.*;
import io.temporal.serviceclient.*;
import io.temporal.testing.WorkflowReplayer;
import io.temporal.worker.*;
import io.temporal.workflow.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

/** Worker and client of the official Java SDK against one server: {@code Check ADDRESS}. */
public class Check {
  static final String QUEUE = "java", OTHER_QUEUE = "java-restarted";

  // ---- what the worker can do

  @ActivityInterface
  public interface Acts {
    String echo(String text);
    String flaky(int until);
    void refuse();
    String resume();
    void silent();
    String patient();
    String later();
    String big(int bytes);
  }

  static final Map<String, byte[]> tokens = new ConcurrentHashMap<>();

  public static class ActsImpl implements Acts {
    public String echo(String text) { return text; }

    public String flaky(int until) {
      int attempt = Activity.getExecutionContext().getInfo().getAttempt();
      if (attempt < until) throw ApplicationFailure.newFailure("not yet", "Flaky", attempt);
      return "attempt " + attempt;
    }

    public void refuse() {
      throw ApplicationFailure.newNonRetryableFailureWithCause("refused", "Refusal", new IllegalStateException("broke"), "detail");
    }

    public String resume() {
      var context = Activity.getExecutionContext();
      Optional<String> page = context.getHeartbeatDetails(String.class);
      if (page.isPresent()) return "resumed at " + page.get();
      context.heartbeat("page 7");
      throw new IllegalStateException("dies");
    }

    public void silent() { pause(3000); }

    public String patient() {
      var context = Activity.getExecutionContext();
      for (int i = 0; i < 300; i++) {
        context.heartbeat(i); // throws once cancelled
        pause(50);
      }
      return "never told";
    }

    public String later() {
      var context = Activity.getExecutionContext();
      context.doNotCompleteOnReturn();
      tokens.put(context.getInfo().getWorkflowId(), context.getTaskToken());
      return null;
    }

    public String big(int bytes) { return "x".repeat(bytes); }
  }

  @WorkflowInterface
  public interface Story {
    @WorkflowMethod String tell(String kind, int n);
    @SignalMethod void add(String word);
    @QueryMethod String words(String end);
    @QueryMethod String broken();
  }

  public static class StoryImpl implements Story {
    final List<String> words = new ArrayList<>();
    public void add(String word) { words.add(word); }
    public String words(String end) { return String.join(",", words) + end; }
    public String broken() { throw new IllegalArgumentException("no answer"); }

    static Acts acts(java.util.function.UnaryOperator<ActivityOptions.Builder> adjust) {
      var retry = RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(50)).setMaximumAttempts(4).build();
      var options = ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).setRetryOptions(retry);
      return Workflow.newActivityStub(Acts.class, adjust.apply(options).build());
    }

    static Story child(java.util.function.UnaryOperator<ChildWorkflowOptions.Builder> adjust) {
      var options = ChildWorkflowOptions.newBuilder().setWorkflowId(Workflow.getInfo().getWorkflowId() + "-child");
      return Workflow.newChildWorkflowStub(Story.class, adjust.apply(options).build());
    }

    static String caught(Runnable code) {
      try {
        code.run();
        return "nothing";
      } catch (TemporalFailure failure) {
        return chain(failure);
      }
    }

    public String tell(String kind, int n) {
      Acts acts = acts(o -> o);
      var once = RetryOptions.newBuilder().setMaximumAttempts(1).build();
      switch (kind) {
        case "activities": {
          var all = List.of(Async.function(acts::echo, "a"), Async.function(acts::echo, "b"), Async.function(acts::echo, "c"));
          Promise.allOf(all).get();
          Acts local = Workflow.newLocalActivityStub(Acts.class, LocalActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(5))
              .setRetryOptions(RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(20)).setMaximumAttempts(3).build()).build());
          return all.stream().map(Promise::get).collect(Collectors.joining()) + ";" + acts.flaky(3) + ";" + acts.resume() + ";" + local.flaky(2) + ";" + acts.big(1 << 20).length();
        }
        case "failures":
          return String.join("\n", caught(acts::refuse),
              caught(() -> acts(o -> o.setRetryOptions(once)).flaky(9)),
              caught(() -> acts(o -> o.setStartToCloseTimeout(Duration.ofMillis(300)).setRetryOptions(once)).silent()),
              caught(() -> acts(o -> o.setHeartbeatTimeout(Duration.ofSeconds(1)).setRetryOptions(once)).silent()),
              caught(() -> acts(o -> o.setTaskQueue("nobody").setScheduleToStartTimeout(Duration.ofMillis(200))).echo("x")),
              caught(() -> acts(o -> o.setRetryOptions(once)).big(3 << 20)));
        case "cancel an activity": {
          var result = new String[1];
          var scope = Workflow.newCancellationScope(() -> {
            Acts patient = acts(o -> o.setHeartbeatTimeout(Duration.ofSeconds(10)).setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED));
            var running = Async.function(patient::patient);
            result[0] = caught(running::get);
          });
          var running = Async.procedure(scope::run);
          Workflow.sleep(300);
          scope.cancel();
          running.get();
          return result[0];
        }
        case "complete later": return acts(o -> o.setRetryOptions(once)).later();
        case "collect": // signals, queries, continue-as-new
          Workflow.await(() -> words.contains("stop") || words.contains("anew"));
          if (words.contains("anew")) Workflow.continueAsNew("collect", n + 1);
          return words("") + " in run " + n;
        case "wait":
          try {
            Workflow.sleep(Duration.ofHours(1));
            return "slept";
          } catch (CanceledFailure cancelled) {
            Workflow.newDetachedCancellationScope(() -> acts.echo("clean up")).run();
            throw cancelled;
          }
        case "fail": throw ApplicationFailure.newFailureWithCause("told to fail", "Told", ApplicationFailure.newNonRetryableFailure("inner", "Inner"), "detail");
        case "retry":
          if (Workflow.getInfo().getAttempt() < 3) throw ApplicationFailure.newFailure("again", "Again");
          return "attempt " + Workflow.getInfo().getAttempt();
        case "deterministic": {
          int version = Workflow.getVersion("change", Workflow.DEFAULT_VERSION, 2);
          int effect = Workflow.sideEffect(Integer.class, () -> 42);
          Workflow.sleep(20);
          Workflow.upsertMemo(Map.of("note", "upserted"));
          boolean timedOut = !Workflow.await(Duration.ofMillis(20), () -> false);
          return version + "," + effect + "," + timedOut + "," + Workflow.getVersion("change", Workflow.DEFAULT_VERSION, 2) + "," + Workflow.getMemo("note", String.class);
        }
        case "children": {
          var thrice = RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(20)).setMaximumAttempts(3).build();
          return child(o -> o.setRetryOptions(thrice)).tell("retry", 0) + "\n" + caught(() -> child(o -> o).tell("fail", 0)) + "\n"
              + caught(() -> child(o -> o.setWorkflowRunTimeout(Duration.ofSeconds(1))).tell("wait", 0));
        }
        case "signal a child": {
          Story story = child(o -> o);
          var told = Async.function(story::tell, "collect", 0);
          Workflow.getWorkflowExecution(story).get();
          story.add("hello");
          story.add("stop");
          return told.get();
        }
        case "leave a child": {
          Story story = child(o -> o.setParentClosePolicy(ParentClosePolicy.forNumber(n)));
          Async.function(story::tell, "wait", 0);
          return Workflow.getWorkflowExecution(story).get().getWorkflowId();
        }
        case "cancel a child": {
          var result = new String[1];
          var scope = Workflow.newCancellationScope(() -> {
            Story story = child(o -> o.setCancellationType(ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED));
            var told = Async.function(story::tell, "wait", 0);
            Workflow.getWorkflowExecution(story).get();
            result[0] = caught(told::get);
          });
          var running = Async.procedure(scope::run);
          Workflow.sleep(300);
          scope.cancel();
          running.get();
          return result[0];
        }
        case "others": {
          String id = Workflow.getInfo().getWorkflowId();
          var ext = Workflow.newUntypedExternalWorkflowStub(id + "-collect");
          ext.signal("add", "from outside");
          ext.signal("add", "stop");
          Workflow.newUntypedExternalWorkflowStub(id + "-wait").cancel();
          return caught(() -> Workflow.newUntypedExternalWorkflowStub("nobody").signal("add", "x"));
        }
        case "many": return acts.echo(acts.echo(String.valueOf(n)) + "!");
        default: throw new IllegalArgumentException(kind);
      }
    }
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new RuntimeException(e);
    }
  }

  /** A failure and its causes, in what does not differ between two runs. */
  static String chain(Throwable failure) {
    var parts = new ArrayList<String>();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      String part = t.getClass().getSimpleName();
      if (t instanceof ApplicationFailure f) part += "(" + f.getOriginalMessage() + ", " + f.getType() + ", " + (f.isNonRetryable() ? "final" : "retryable") + ")";
      if (t instanceof ActivityFailure f) part += "(" + f.getActivityType() + ", " + f.getRetryState() + ")";
      if (t instanceof ChildWorkflowFailure f) part += "(" + f.getWorkflowType() + ", " + f.getRetryState() + ")";
      if (t instanceof TimeoutFailure f) part += "(" + f.getTimeoutType() + ")";
      parts.add(part);
    }
    return String.join(" < ", parts).replace("RETRY_STATE_", "").replace("TIMEOUT_TYPE_", "");
  }

  // ---- the client

  static WorkflowClient client;
  static final List<String> failed = new CopyOnWriteArrayList<>();

  interface Scenario { void run() throws Exception; }

  static void expect(String what, Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) throw new AssertionError(what + ":\n  expected " + expected + "\n  actual   " + actual);
  }

  static void expectThat(String what, boolean holds, Object shown) {
    if (!holds) throw new AssertionError(what + ": " + shown);
  }

  static WorkflowOptions.Builder options(String id) {
    return WorkflowOptions.newBuilder().setWorkflowId(id).setTaskQueue(QUEUE);
  }

  static Story story(WorkflowOptions.Builder options) { return client.newWorkflowStub(Story.class, options.build()); }

  static WorkflowStub start(WorkflowOptions.Builder options, String kind, int n) {
    Story story = story(options);
    WorkflowClient.start(story::tell, kind, n);
    return WorkflowStub.fromTyped(story);
  }

  static String tell(String id, String kind) { return story(options(id)).tell(kind, 0); }

  /** What a call or the result of a workflow fails with. */
  static String refused(Callable<?> call) throws Exception {
    try {
      return "nothing: " + call.call();
    } catch (WorkflowException | ActivityCompletionException e) {
      return chain(e);
    }
  }

  static String result(WorkflowStub stub) throws Exception {
    return refused(() -> stub.getResult(60, TimeUnit.SECONDS, String.class));
  }

  static void until(String what, Callable<Boolean> condition) throws Exception {
    for (int i = 0; i < 200; i++) {
      if (condition.call()) return;
      pause(50);
    }
    throw new AssertionError("never: " + what);
  }

  static WorkflowExecutionStatus status(String id) { return client.newUntypedWorkflowStub(id).describe().getStatus(); }

  static final Map<String, Scenario> scenarios = new LinkedHashMap<>();

  static {
    scenarios.put("activities: results, retries, heartbeat details, local, 1 MiB", () ->
        expect("result", "abc;attempt 3;resumed at page 7;attempt 2;1048576", tell("java-activities", "activities")));
    scenarios.put("activities: failures and time-outs keep their types", () -> expect("failures", String.join("\n",
        "ActivityFailure(Refuse, NON_RETRYABLE_FAILURE) < ApplicationFailure(refused, Refusal, final) < ApplicationFailure(broke, java.lang.IllegalStateException, retryable)",
        "ActivityFailure(Flaky, MAXIMUM_ATTEMPTS_REACHED) < ApplicationFailure(not yet, Flaky, retryable)",
        "ActivityFailure(Silent, MAXIMUM_ATTEMPTS_REACHED) < TimeoutFailure(START_TO_CLOSE)",
        "ActivityFailure(Silent, MAXIMUM_ATTEMPTS_REACHED) < TimeoutFailure(HEARTBEAT)",
        "ActivityFailure(Echo, TIMEOUT) < TimeoutFailure(SCHEDULE_TO_START)",
        "ActivityFailure(Big, NON_RETRYABLE_FAILURE) < ServerFailure"), tell("java-failures", "failures")));
    scenarios.put("activities: cancellation is heard at a heartbeat", () ->
        expect("failure", "ActivityFailure(Patient, UNSPECIFIED) < CanceledFailure", tell("java-cancel-activity", "cancel an activity")));
    scenarios.put("activities: completion by token and by id", () -> {
      var completions = client.newActivityCompletionClient();
      for (String id : List.of("java-by-token", "java-by-id", "java-fail-by-id")) {
        var stub = start(options(id), "complete later", 0);
        until("started", () -> tokens.containsKey(id));
        String activity = client.getWorkflowServiceStubs().blockingStub().describeWorkflowExecution(DescribeWorkflowExecutionRequest.newBuilder()
            .setNamespace("default").setExecution(stub.getExecution()).build()).getPendingActivities(0).getActivityId();
        if (id.equals("java-by-token")) completions.complete(tokens.get(id), "by token");
        else if (id.equals("java-by-id")) completions.complete(id, Optional.empty(), activity, "by id");
        else completions.completeExceptionally(id, Optional.empty(), activity, ApplicationFailure.newFailure("by id", "ById"));
        String expected = id.equals("java-by-token") ? "nothing: by token" : id.equals("java-by-id") ? "nothing: by id"
            : "WorkflowFailedException < ActivityFailure(Later, MAXIMUM_ATTEMPTS_REACHED) < ApplicationFailure(by id, ById, retryable)";
        expect(id, expected, result(stub));
        expect("again", "ActivityNotExistsException < StatusRuntimeException", refused(() -> { completions.complete(tokens.get(id), "late"); return null; }));
      }
    });
    scenarios.put("signals, queries, continue-as-new", () -> {
      var stub = client.newUntypedWorkflowStub("Story", options("java-collect").build());
      var first = stub.signalWithStart("add", new Object[] {"one"}, new Object[] {"collect", 0});
      expect("query", "one!", stub.query("words", String.class, "!"));
      expectThat("failing query", refused(() -> stub.query("broken", String.class)).startsWith("WorkflowQueryException"), "");
      expectThat("unknown query", refused(() -> stub.query("unheard", String.class)).startsWith("WorkflowQueryException"), "");
      expectThat("stack trace", stub.query("__stack_trace", String.class).contains("Check"), "");
      stub.signal("add", "anew");
      until("next run", () -> !client.newUntypedWorkflowStub("java-collect").describe().getExecution().getRunId().equals(first.getRunId()));
      var current = client.newUntypedWorkflowStub("java-collect");
      current.signal("add", "two");
      current.signal("add", "stop");
      expect("result", "nothing: two,stop in run 1", result(current));
      expect("closed", "two,stop?", current.query("words", String.class, "?"));
      expectThat("late", refused(() -> { current.signal("add", "late"); return null; }).startsWith("WorkflowNotFoundException"), "");
      expectThat("nobody", refused(() -> client.newUntypedWorkflowStub("java-nobody").query("words", String.class, "")).startsWith("WorkflowNotFoundException"), "");
    });
    scenarios.put("cancel, terminate, time out, fail, retry", () -> {
      var cancelled = start(options("java-cancelled"), "wait", 0);
      cancelled.cancel();
      expect("cancelled", "WorkflowFailedException < CanceledFailure", result(cancelled));
      var terminated = start(options("java-terminated"), "wait", 0);
      terminated.terminate("enough");
      expect("terminated", "WorkflowFailedException < TerminatedFailure", result(terminated));
      var late = start(options("java-late").setWorkflowRunTimeout(Duration.ofSeconds(1)), "wait", 0);
      expect("timed out", "WorkflowFailedException < TimeoutFailure(START_TO_CLOSE)", result(late));
      expect("failed", "WorkflowFailedException < ApplicationFailure(told to fail, Told, retryable) < ApplicationFailure(inner, Inner, final)",
          result(start(options("java-failed"), "fail", 0)));
      var retry = RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(50)).build();
      expect("retried", "attempt 3", story(options("java-retried").setRetryOptions(retry)).tell("retry", 0));
    });
    scenarios.put("versions, side effects, memo", () -> {
      expect("result", "2,42,true,2,upserted", story(options("java-deterministic").setMemo(Map.of("note", "first"))).tell("deterministic", 0));
      expect("memo", "upserted", client.newUntypedWorkflowStub("java-deterministic").describe().getMemo("note", String.class));
    });
    scenarios.put("children: results, failures, signals, cancellation, parent close policies", () -> {
      expect("child", "hello,stop in run 0", tell("java-signal-child", "signal a child"));
      expect("results", String.join("\n", "attempt 3",
          "ChildWorkflowFailure(Story, RETRY_POLICY_NOT_SET) < ApplicationFailure(told to fail, Told, retryable) < ApplicationFailure(inner, Inner, final)",
          "ChildWorkflowFailure(Story, RETRY_POLICY_NOT_SET) < TimeoutFailure(START_TO_CLOSE)"), tell("java-children", "children"));
      expect("cancelled", "ChildWorkflowFailure(Story, NON_RETRYABLE_FAILURE) < CanceledFailure", tell("java-cancel-child", "cancel a child"));
      Map<ParentClosePolicy, WorkflowExecutionStatus> fates = Map.of(
          ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED,
          ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
          ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL, WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED);
      for (var fate : fates.entrySet()) {
        String id = story(options("java-leave-" + fate.getKey().getNumber())).tell("leave a child", fate.getKey().getNumber());
        until(fate + ", is " + status(id), () -> status(id) == fate.getValue());
      }
    });
    scenarios.put("signals and cancellation from another workflow", () -> {
      var collect = start(options("java-others-collect"), "collect", 0);
      var wait = start(options("java-others-wait"), "wait", 0);
      expectThat("unknown", tell("java-others", "others").contains("EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND"), "");
      expect("signalled", "nothing: from outside,stop in run 0", result(collect));
      expect("cancelled", "WorkflowFailedException < CanceledFailure", result(wait));
    });
    scenarios.put("starting an id that is taken", () -> {
      var first = start(options("java-taken"), "wait", 0);
      expect("default", "WorkflowExecutionAlreadyStarted < StatusRuntimeException", refused(() -> start(options("java-taken"), "wait", 0)));
      var existing = start(options("java-taken").setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING), "wait", 0);
      expect("run", first.getExecution().getRunId(), existing.getExecution().getRunId());
      pause(1100); // a run younger than a second may not be displaced
      var second = start(options("java-taken").setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING), "collect", 7);
      expect("displaced", "WorkflowFailedException < TerminatedFailure", result(client.newUntypedWorkflowStub("java-taken", Optional.of(first.getExecution().getRunId()), Optional.empty())));
      second.signal("add", "stop");
      expect("second", "nothing: stop in run 7", result(second));
      for (var policy : List.of(WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY))
        expect(policy.name(), "WorkflowExecutionAlreadyStarted < StatusRuntimeException",
            refused(() -> start(options("java-taken").setWorkflowIdReusePolicy(policy), "wait", 0)));
      long before = System.nanoTime();
      story(options("java-delayed").setStartDelay(Duration.ofSeconds(1))).tell("many", 1);
      expectThat("delayed", System.nanoTime() - before > 900_000_000L, "");
    });
    scenarios.put("fifty workflows at once, listed and counted", () -> {
      var all = IntStream.range(0, 50).mapToObj(i -> WorkflowClient.execute(story(options("java-many-" + i))::tell, "many", i)).toList();
      for (int i = 0; i < 50; i++) expect("result", i + "!", all.get(i).get(60, TimeUnit.SECONDS));
      String filter = "WorkflowId STARTS_WITH 'java-many-' AND ExecutionStatus = 'Completed'";
      until("counted", () -> client.countWorkflows(filter).getCount() == 50);
      expect("listed", 50L, client.listExecutions(filter).count());
    });
    scenarios.put("values and messages over the limits are refused", () -> {
      expectThat("3 MiB", refused(() -> start(options("java-large"), "x".repeat(3 << 20), 0)).contains("StatusRuntimeException"), "");
    });
  }

  static void run(String name, Scenario scenario) {
    try {
      scenario.run();
      System.out.println("ok    " + name);
    } catch (Throwable problem) {
      failed.add(name);
      System.out.println("FAIL  " + name + "\n" + problem);
      if (!(problem instanceof AssertionError)) problem.printStackTrace(System.out);
    }
  }

  static WorkerFactory worker(String queue, int cached) {
    var factory = WorkerFactory.newInstance(client, WorkerFactoryOptions.newBuilder().setWorkflowCacheSize(cached).build());
    var worker = factory.newWorker(queue, WorkerOptions.newBuilder().setMaxHeartbeatThrottleInterval(Duration.ofMillis(300)).setDefaultDeadlockDetectionTimeout(30_000).build());
    worker.registerWorkflowImplementationTypes(StoryImpl.class);
    worker.registerActivitiesImplementations(new ActsImpl());
    factory.start();
    return factory;
  }

  static void stop(WorkerFactory factory) {
    factory.shutdown();
    factory.awaitTermination(30, TimeUnit.SECONDS);
    expectThat("the worker stops in time", factory.isTerminated(), "");
  }

  /** A worker stops in the middle; the next one, which keeps no workflow in memory, goes on. */
  static void restart() throws Exception {
    var before = worker(OTHER_QUEUE, 100);
    var stub = start(options("java-restarted").setTaskQueue(OTHER_QUEUE), "collect", 0);
    stub.signal("add", "before");
    expect("before", "before", stub.query("words", String.class, ""));
    stop(before);
    stub.signal("add", "between");
    var after = worker(OTHER_QUEUE, 0);
    expect("after", "before,between", stub.query("words", String.class, ""));
    stub.signal("add", "stop");
    expect("result", "nothing: before,between,stop in run 0", result(stub));
    expect("uncached", "2,42,true,2,upserted", story(options("java-uncached").setTaskQueue(OTHER_QUEUE)).tell("deterministic", 0));
    stop(after);
  }

  static void replay() throws Exception {
    for (String id : List.of("java-activities", "java-cancel-activity", "java-collect", "java-deterministic", "java-signal-child", "java-cancel-child", "java-restarted"))
      WorkflowReplayer.replayWorkflowExecution(client.fetchHistory(id), StoryImpl.class);
  }

  public static void main(String[] args) throws Exception {
    var stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder().setTarget(args[0]).build());
    client = WorkflowClient.newInstance(stubs);
    var worker = worker(QUEUE, 600);
    var threads = Executors.newFixedThreadPool(4);
    for (var scenario : scenarios.entrySet()) threads.submit(() -> run(scenario.getKey(), scenario.getValue()));
    threads.shutdown();
    boolean finished = threads.awaitTermination(150, TimeUnit.SECONDS);
    run("every scenario ends", () -> expectThat("in time", finished, ""));
    run("the worker shuts down", () -> stop(worker));
    run("a worker restarts in the middle", Check::restart);
    run("histories replay", Check::replay);
    stubs.shutdownNow();
    System.out.println(scenarios.size() + 4 - failed.size() + " passed, " + failed.size() + " failed");
    System.exit(failed.isEmpty() ? 0 : 1);
  }
}
