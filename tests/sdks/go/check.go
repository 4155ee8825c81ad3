// Worker and client of the official Go SDK against one server: check ADDRESS.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const queue = "go"

var (
	c   client.Client
	ctx = context.Background()
)

// chain is a failure and its causes, in what does not differ between two runs.
func chain(err error) string {
	var parts []string
	for ; err != nil; err = errors.Unwrap(err) {
		switch e := err.(type) {
		case *temporal.WorkflowExecutionError:
			parts = append(parts, "workflow")
		case *temporal.ActivityError:
			parts = append(parts, fmt.Sprintf("activity %s, %s", e.ActivityType().GetName(), e.RetryState()))
		case *temporal.ChildWorkflowExecutionError:
			parts = append(parts, "child")
		case *temporal.ApplicationError:
			parts = append(parts, fmt.Sprintf("%s (%s)", e.Message(), e.Type()))
		case *temporal.TimeoutError:
			parts = append(parts, "timed out: "+e.TimeoutType().String())
		case *temporal.CanceledError:
			parts = append(parts, "canceled")
		case *temporal.TerminatedError:
			parts = append(parts, "terminated")
		default:
			parts = append(parts, fmt.Sprintf("%T", e))
		}
	}
	return strings.Join(parts, " < ")
}

// ---- the client

func expect(what string, expected, actual any) {
	if fmt.Sprint(expected) != fmt.Sprint(actual) {
		panic(fmt.Sprintf("%s:\n  expected %v\n  actual   %v", what, expected, actual))
	}
}

func ok(err error) {
	if err != nil {
		panic(err)
	}
}

func until(what string, condition func() bool) {
	for range 300 {
		if condition() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	panic("never: " + what)
}

func options(id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: id, TaskQueue: queue}
}

func start(options client.StartWorkflowOptions, workflow any, args ...any) client.WorkflowRun {
	run, err := c.ExecuteWorkflow(ctx, options, workflow, args...)
	ok(err)
	return run
}

// result is what a run returned or failed with.
func result(run client.WorkflowRun) string {
	var value string
	if err := run.Get(ctx, &value); err != nil {
		return chain(err)
	}
	return value
}

func execute(id string, workflow any, args ...any) string {
	return result(start(options(id), workflow, args...))
}

func query(id, kind string, args ...any) string {
	value, err := c.QueryWorkflow(ctx, id, "", kind, args...)
	if err != nil {
		return fmt.Sprintf("%T", err)
	}
	var text string
	ok(value.Get(&text))
	return text
}

func describe(id string) *workflowservice.DescribeWorkflowExecutionResponse {
	described, err := c.DescribeWorkflowExecution(ctx, id, "")
	ok(err)
	return described
}

type scenario struct {
	name string
	run  func()
}

var scenarios = []scenario{
	{"activities: results, retries, heartbeat details, local, session, 1 MiB", func() {
		expect("result", "abc;attempt 3;resumed at page 7;attempt 2;in session;1048576", execute("go-activities", Activities))
	}},
	{"activities: failures and time-outs keep their types", func() {
		expect("failures", strings.Join([]string{
			"activity Refuse, NonRetryableFailure < refused (Refusal) < broke ()",
			"activity Flaky, MaximumAttemptsReached < not yet (Flaky)",
			"activity Panic, MaximumAttemptsReached < *internal.PanicError",
			"activity Silent, MaximumAttemptsReached < timed out: StartToClose",
			"activity Silent, MaximumAttemptsReached < timed out: Heartbeat",
			"activity Silent, Timeout < timed out: ScheduleToClose",
			"activity Echo, Timeout < timed out: ScheduleToStart",
		}, "\n"), execute("go-failures", Failures))
	}},
	{"activities: cancellation, waited for and not started", func() {
		expect("failures", "activity Patient, NonRetryableFailure < canceled\nactivity Echo, NonRetryableFailure < canceled", execute("go-cancel-activities", CancelActivities))
	}},
	{"activities: completion by token and by id", func() {
		for _, id := range []string{"go-by-token", "go-by-id", "go-fail-by-id"} {
			run := start(options(id), CompletedLater)
			until("the activity runs", func() bool { _, there := tokens.Load(id); return there && len(describe(id).PendingActivities) == 1 })
			token, _ := tokens.Load(id)
			switch id {
			case "go-by-token":
				ok(c.CompleteActivity(ctx, token.([]byte), id, nil))
			case "go-by-id":
				ok(c.CompleteActivityByID(ctx, "default", id, "", "later", id, nil))
			case "go-fail-by-id":
				ok(c.CompleteActivityByID(ctx, "default", id, "", "later", nil, temporal.NewApplicationError("failed", "ById")))
				id = "workflow < activity Later, MaximumAttemptsReached < failed (ById)"
			}
			expect("result", id, result(run))
			expect("again", "*serviceerror.NotFound", fmt.Sprintf("%T", c.CompleteActivity(ctx, token.([]byte), "late", nil)))
		}
	}},
	{"signals, queries, continue-as-new", func() {
		first, err := c.SignalWithStartWorkflow(ctx, "go-collect", "add", "one", options("go-collect"), Collect, 0)
		ok(err)
		again, err := c.SignalWithStartWorkflow(ctx, "go-collect", "add", "two", options("go-collect"), Collect, 0)
		ok(err)
		expect("run", first.GetRunID(), again.GetRunID())
		expect("query", "one,two!", query("go-collect", "words", "!"))
		expect("failing query", "*serviceerror.QueryFailed", query("go-collect", "broken"))
		expect("unknown query", "*serviceerror.QueryFailed", query("go-collect", "unheard"))
		expect("stack trace", true, strings.Contains(query("go-collect", "__stack_trace"), "Collect"))
		ok(c.SignalWorkflow(ctx, "go-collect", "", "add", "anew"))
		until("the next run", func() bool { return describe("go-collect").WorkflowExecutionInfo.Execution.RunId != first.GetRunID() })
		ok(c.SignalWorkflow(ctx, "go-collect", "", "add", "stop"))
		expect("result", "stop in run 1", result(first))
		expect("closed", "stop?", query("go-collect", "words", "?"))
		expect("late", "*serviceerror.NotFound", fmt.Sprintf("%T", c.SignalWorkflow(ctx, "go-collect", "", "add", "late")))
		expect("nobody", "*serviceerror.NotFound", query("go-nobody", "words", ""))
	}},
	{"cancel, terminate, time out, fail, retry", func() {
		canceled := start(options("go-canceled"), Wait)
		until("it waits", func() bool { return describe("go-canceled").WorkflowExecutionInfo.HistoryLength >= 5 })
		ok(c.CancelWorkflow(ctx, "go-canceled", ""))
		expect("canceled", "workflow < canceled", result(canceled))
		terminated := start(options("go-terminated"), Wait)
		ok(c.TerminateWorkflow(ctx, "go-terminated", "", "enough"))
		expect("terminated", "workflow < terminated", result(terminated))
		late := options("go-late")
		late.WorkflowRunTimeout = time.Second
		expect("timed out", "workflow < timed out: StartToClose", result(start(late, Wait)))
		expect("failed", "workflow < told to fail (Told) < inner (Inner)", execute("go-failed", Fail))
		retried := options("go-retried")
		retried.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond}
		expect("retried", "attempt 3 after attempt 2 (Again)", result(start(retried, Retried)))
	}},
	{"versions, side effects, timers, memo, an iterator that waits", func() {
		options := options("go-deterministic")
		options.Memo = map[string]any{"first": 1, "kept": true}
		run := start(options, Deterministic)
		last := enums.EVENT_TYPE_UNSPECIFIED
		events := c.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), true, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			ok(err)
			last = event.EventType
		}
		expect("last event", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, last)
		expect("result", "42 v2 2 2 short", result(run))
		info := describe("go-deterministic").WorkflowExecutionInfo
		expect("memo", 2, len(info.Memo.Fields))
		expect("versions", `["change-2"]`, string(info.SearchAttributes.IndexedFields["TemporalChangeVersion"].Data))
	}},
	{"children: results, failures, signals, cancellation, parent close policies", func() {
		expect("results", strings.Join([]string{
			"attempt 3 after attempt 2 (Again)", "child < told to fail (Told) < inner (Inner)", "child < timed out: StartToClose", "child < canceled",
			"*internal.ChildWorkflowExecutionAlreadyStartedError", "hello,stop in run 0"}, "\n"), execute("go-children", Children))
		for policy, fate := range map[enums.ParentClosePolicy]enums.WorkflowExecutionStatus{
			enums.PARENT_CLOSE_POLICY_TERMINATE:      enums.WORKFLOW_EXECUTION_STATUS_TERMINATED,
			enums.PARENT_CLOSE_POLICY_ABANDON:        enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
			enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL: enums.WORKFLOW_EXECUTION_STATUS_CANCELED,
		} {
			id := execute("go-leave-"+policy.String(), Leave, policy)
			until(fate.String(), func() bool { return describe(id).WorkflowExecutionInfo.Status == fate })
		}
	}},
	{"signals and cancellation from another workflow", func() {
		collecting, waiting := start(options("go-others-collect"), Collect, 0), start(options("go-others-wait"), Wait)
		unknown := "*internal.UnknownExternalWorkflowExecutionError"
		expect("unknown", unknown+"\n"+unknown, execute("go-others", Others))
		expect("signaled", "from outside,stop in run 0", result(collecting))
		expect("canceled", "workflow < canceled", result(waiting))
	}},
	{"starting an id that is taken", func() {
		refused := func(options client.StartWorkflowOptions) bool {
			options.WorkflowExecutionErrorWhenAlreadyStarted = true
			_, err := c.ExecuteWorkflow(ctx, options, Wait)
			var taken *serviceerror.WorkflowExecutionAlreadyStarted
			return errors.As(err, &taken)
		}
		first, taken := start(options("go-taken"), Wait), options("go-taken")
		expect("same run", first.GetRunID(), start(taken, Wait).GetRunID())
		expect("refused", true, refused(taken))
		time.Sleep(1100 * time.Millisecond) // a run younger than a second may not be displaced
		taken.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
		second := start(taken, Collect, 7)
		expect("displaced", "workflow < terminated", result(c.GetWorkflow(ctx, "go-taken", first.GetRunID())))
		ok(c.SignalWorkflow(ctx, "go-taken", "", "add", "stop"))
		expect("second", "stop in run 7", result(second))
		taken.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED
		for _, policy := range []enums.WorkflowIdReusePolicy{enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY} {
			taken.WorkflowIDReusePolicy = policy
			expect(policy.String(), true, refused(taken))
		}
		delayed, before := options("go-delayed"), time.Now()
		delayed.StartDelay = time.Second
		result(start(delayed, Many, 1))
		expect("delayed", true, time.Since(before) > 950*time.Millisecond)
	}},
	{"fifty workflows at once, listed and counted", func() {
		var runs []client.WorkflowRun
		for i := range 50 {
			runs = append(runs, start(options(fmt.Sprintf("go-many-%d", i)), Many, i))
		}
		for i, run := range runs {
			expect("result", fmt.Sprintf("%d!", i), result(run))
		}
		filter := "WorkflowId STARTS_WITH 'go-many-' AND ExecutionStatus = 'Completed'"
		until("all are counted", func() bool {
			counted, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: filter})
			ok(err)
			return counted.Count == 50
		})
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: filter, PageSize: 30})
		ok(err)
		expect("a page", 30, len(page.Executions))
		expect("and more", true, len(page.NextPageToken) > 0)
	}},
	{"values and messages over the limits are refused", func() {
		for _, mib := range []int{3, 5} {
			_, err := c.ExecuteWorkflow(ctx, options("go-large"), Collect, strings.Repeat("x", mib<<20))
			expect("refused", true, err != nil)
		}
		expect("6 MiB of commands", "workflow < terminated", execute("go-large", Large, 6))
	}},
}

var failed, passed atomic.Int32

func check(name string, run func()) {
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		run()
	}()
	var problem any
	select {
	case problem = <-ended:
	case <-time.After(150 * time.Second):
		problem = "no end after 150 s"
	}
	if problem == nil {
		passed.Add(1)
		fmt.Println("ok   ", name)
	} else {
		failed.Add(1)
		fmt.Printf("FAIL  %s\n%v\n", name, problem)
	}
}

func newWorker(queue string) worker.Worker {
	w := worker.New(c, queue, worker.Options{EnableSessionWorker: true, MaxHeartbeatThrottleInterval: 300 * time.Millisecond, DeadlockDetectionTimeout: 30 * time.Second})
	register(w)
	ok(w.Start())
	return w
}

// restart stops a worker in the middle; the next one, which keeps no workflow in memory, goes on.
func restart() {
	first, options := newWorker("go-restarted"), options("go-restarted")
	options.TaskQueue = "go-restarted"
	run := start(options, Collect, 0)
	ok(c.SignalWorkflow(ctx, run.GetID(), "", "add", "before"))
	expect("before", "before", query(run.GetID(), "words", ""))
	first.Stop()
	ok(c.SignalWorkflow(ctx, run.GetID(), "", "add", "between"))
	worker.SetStickyWorkflowCacheSize(0)
	second := newWorker("go-restarted")
	expect("after", "before,between", query(run.GetID(), "words", ""))
	ok(c.SignalWorkflow(ctx, run.GetID(), "", "add", "stop"))
	expect("result", "before,between,stop in run 0", result(run))
	options.ID = "go-uncached"
	expect("uncached", "42 v2 2 2 short", result(start(options, Deterministic)))
	second.Stop()
}

func replay() {
	replayer := worker.NewWorkflowReplayer()
	registerWorkflows(replayer)
	for _, id := range []string{"activities", "cancel-activities", "collect", "deterministic", "children", "restarted"} {
		execution := workflow.Execution{ID: "go-" + id, RunID: describe("go-" + id).WorkflowExecutionInfo.Execution.RunId}
		ok(replayer.ReplayWorkflowExecution(ctx, c.WorkflowService(), nil, "default", execution))
	}
}

type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

var _ log.Logger = silent{}

func main() {
	var err error
	c, err = client.Dial(client.Options{HostPort: os.Args[1], Logger: silent{}})
	ok(err)
	w := newWorker(queue)
	var running sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, scenario := range scenarios {
		slots <- struct{}{}
		running.Go(func() {
			check(scenario.name, scenario.run)
			<-slots
		})
	}
	running.Wait()
	check("the worker shuts down", w.Stop)
	check("a worker restarts in the middle, without a cache", restart)
	check("histories replay", replay)
	fmt.Printf("%d passed, %d failed\n", passed.Load(), failed.Load())
	if failed.Load() > 0 {
		os.Exit(1)
	}
}
