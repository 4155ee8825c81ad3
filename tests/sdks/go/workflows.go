package main

// What the check's worker runs: one workflow for each part of the protocol.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func register(w worker.Worker) {
	registerWorkflows(w)
	for _, activity := range []any{Echo, Flaky, Refuse, Panic, Resume, Silent, Patient, Later, Big} {
		w.RegisterActivity(activity)
	}
}

func registerWorkflows(w worker.WorkflowRegistry) {
	for _, workflow := range []any{Activities, Failures, CancelActivities, CompletedLater, Collect, Wait, Fail, Retried, Deterministic, Children, Leave, Others, Many, Large} {
		w.RegisterWorkflow(workflow)
	}
}

// ---- activities

// tokens of activities that complete later, by workflow id
var tokens sync.Map

func Echo(_ context.Context, text string) (string, error) { return text, nil }

func Flaky(ctx context.Context, until int) (string, error) {
	if attempt := int(activity.GetInfo(ctx).Attempt); attempt < until {
		return "", temporal.NewApplicationError("not yet", "Flaky", attempt)
	}
	return fmt.Sprintf("attempt %d", until), nil
}

func Refuse(context.Context) error {
	return temporal.NewNonRetryableApplicationError("refused", "Refusal", errors.New("broke"), "detail")
}

func Panic(context.Context) error { panic("a mistake") }

func Resume(ctx context.Context) (string, error) {
	if activity.HasHeartbeatDetails(ctx) {
		var page string
		err := activity.GetHeartbeatDetails(ctx, &page)
		return "resumed at " + page, err
	}
	activity.RecordHeartbeat(ctx, "page 7")
	return "", errors.New("dies")
}

func Silent(context.Context) error {
	time.Sleep(4 * time.Second)
	return nil
}

func Patient(ctx context.Context) error {
	for {
		activity.RecordHeartbeat(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func Later(ctx context.Context) (string, error) {
	info := activity.GetInfo(ctx)
	tokens.Store(info.WorkflowExecution.ID, info.TaskToken)
	return "", activity.ErrResultPending
}

func Big(_ context.Context, bytes int) (string, error) { return strings.Repeat("x", bytes), nil }

// ---- workflows

func acts(ctx workflow.Context, adjust ...func(*workflow.ActivityOptions)) workflow.Context {
	retry := &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumAttempts: 4}
	options := workflow.ActivityOptions{StartToCloseTimeout: 20 * time.Second, RetryPolicy: retry}
	for _, adjust := range adjust {
		adjust(&options)
	}
	return workflow.WithActivityOptions(ctx, options)
}

func once(options *workflow.ActivityOptions) { options.RetryPolicy.MaximumAttempts = 1 }

func child(ctx workflow.Context, adjust ...func(*workflow.ChildWorkflowOptions)) workflow.Context {
	options := workflow.ChildWorkflowOptions{WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID + "-child"}
	for _, adjust := range adjust {
		adjust(&options)
	}
	return workflow.WithChildOptions(ctx, options)
}

func Activities(ctx workflow.Context) (string, error) {
	var echoes []workflow.Future
	for _, text := range []string{"a", "b", "c"} {
		echoes = append(echoes, workflow.ExecuteActivity(acts(ctx), Echo, text))
	}
	var abc, flaky, resumed, local, inSession, big string
	for _, echo := range echoes {
		var text string
		if err := echo.Get(ctx, &text); err != nil {
			return "", err
		}
		abc += text
	}
	session, err := workflow.CreateSession(acts(ctx), &workflow.SessionOptions{CreationTimeout: 20 * time.Second, ExecutionTimeout: time.Minute})
	if err != nil {
		return "", err
	}
	defer workflow.CompleteSession(session)
	locally := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 10 * time.Second, RetryPolicy: &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond}})
	err = errors.Join(
		workflow.ExecuteActivity(acts(ctx), Flaky, 3).Get(ctx, &flaky),
		workflow.ExecuteActivity(acts(ctx), Resume).Get(ctx, &resumed),
		workflow.ExecuteLocalActivity(locally, Flaky, 2).Get(ctx, &local),
		workflow.ExecuteActivity(session, Echo, "in session").Get(ctx, &inSession),
		workflow.ExecuteActivity(acts(ctx), Big, 1<<20).Get(ctx, &big),
	)
	return fmt.Sprintf("%s;%s;%s;%s;%s;%d", abc, flaky, resumed, local, inSession, len(big)), err
}

func Failures(ctx workflow.Context) (string, error) {
	type O = workflow.ActivityOptions
	all := []workflow.Future{
		workflow.ExecuteActivity(acts(ctx), Refuse),
		workflow.ExecuteActivity(acts(ctx, once), Flaky, 9),
		workflow.ExecuteActivity(acts(ctx, once), Panic),
		workflow.ExecuteActivity(acts(ctx, once, func(o *O) { o.StartToCloseTimeout = 300 * time.Millisecond }), Silent),
		workflow.ExecuteActivity(acts(ctx, once, func(o *O) { o.HeartbeatTimeout = time.Second }), Silent),
		workflow.ExecuteActivity(acts(ctx, func(o *O) { o.StartToCloseTimeout, o.ScheduleToCloseTimeout = 0, time.Second }), Silent),
		workflow.ExecuteActivity(acts(ctx, func(o *O) { o.TaskQueue, o.ScheduleToStartTimeout = "nobody", 200*time.Millisecond }), Echo, "x"),
	}
	var failures []string
	for _, one := range all {
		failures = append(failures, chain(one.Get(ctx, nil)))
	}
	return strings.Join(failures, "\n"), nil
}

func CancelActivities(ctx workflow.Context) (string, error) {
	scope, cancel := workflow.WithCancel(acts(ctx, func(o *workflow.ActivityOptions) { o.WaitForCancellation = true; o.HeartbeatTimeout = 10 * time.Second }))
	patient := workflow.ExecuteActivity(scope, Patient)
	unstarted := workflow.ExecuteActivity(workflow.WithTaskQueue(scope, "nobody"), Echo, "x")
	if err := workflow.Sleep(ctx, 500*time.Millisecond); err != nil {
		return "", err
	}
	cancel()
	return chain(patient.Get(ctx, nil)) + "\n" + chain(unstarted.Get(ctx, nil)), nil
}

func CompletedLater(ctx workflow.Context) (result string, err error) {
	err = workflow.ExecuteActivity(acts(ctx, once, func(o *workflow.ActivityOptions) { o.ActivityID = "later" }), Later).Get(ctx, &result)
	return
}

// Collect takes signals, answers queries, continues as new.
func Collect(ctx workflow.Context, run int) (string, error) {
	var words []string
	err := errors.Join(
		workflow.SetQueryHandler(ctx, "words", func(end string) (string, error) { return strings.Join(words, ",") + end, nil }),
		workflow.SetQueryHandler(ctx, "broken", func() (string, error) { return "", errors.New("no answer") }),
	)
	if err != nil {
		return "", err
	}
	for {
		var word string
		workflow.GetSignalChannel(ctx, "add").Receive(ctx, &word)
		words = append(words, word)
		switch word {
		case "anew":
			return "", workflow.NewContinueAsNewError(ctx, Collect, run+1)
		case "stop":
			return fmt.Sprintf("%s in run %d", strings.Join(words, ","), run), nil
		}
	}
}

func Wait(ctx workflow.Context) error {
	err := workflow.Sleep(ctx, time.Hour)
	detached, _ := workflow.NewDisconnectedContext(ctx)
	if failure := workflow.ExecuteActivity(acts(detached), Echo, "clean up").Get(detached, nil); failure != nil {
		return failure
	}
	return err
}

func Fail(workflow.Context) error {
	return temporal.NewApplicationErrorWithCause("told to fail", "Told", temporal.NewNonRetryableApplicationError("inner", "Inner", nil), "detail")
}

func Retried(ctx workflow.Context) (string, error) {
	attempt := workflow.GetInfo(ctx).Attempt
	if attempt < 3 {
		return "", temporal.NewApplicationError(fmt.Sprintf("attempt %d", attempt), "Again")
	}
	return fmt.Sprintf("attempt %d after %s", attempt, chain(workflow.GetLastError(ctx))), nil
}

// Deterministic records side effects and versions, upserts a memo, cancels a timer.
func Deterministic(ctx workflow.Context) (string, error) {
	var number int
	var mutable string
	effect := func(value any) func(workflow.Context) any { return func(workflow.Context) any { return value } }
	same := func(a, b any) bool { return a == b }
	version := workflow.GetVersion(ctx, "change", workflow.DefaultVersion, 2)
	err := errors.Join(
		workflow.SideEffect(ctx, effect(42)).Get(&number),
		workflow.MutableSideEffect(ctx, "mutable", effect("v1"), same).Get(&mutable),
		workflow.Sleep(ctx, 20*time.Millisecond),
		workflow.MutableSideEffect(ctx, "mutable", effect("v2"), same).Get(&mutable),
		workflow.UpsertMemo(ctx, map[string]any{"note": "upserted", "first": nil}),
	)
	if err != nil {
		return "", err
	}
	scope, cancel := workflow.WithCancel(ctx)
	fired, selector := "", workflow.NewSelector(ctx)
	selector.AddFuture(workflow.NewTimer(scope, time.Hour), func(workflow.Future) { fired = "long" })
	selector.AddFuture(workflow.NewTimer(ctx, 20*time.Millisecond), func(workflow.Future) { fired = "short" })
	selector.Select(ctx)
	cancel()
	again := workflow.GetVersion(ctx, "change", workflow.DefaultVersion, 2)
	return fmt.Sprintf("%d %s %d %d %s", number, mutable, version, again, fired), nil
}

func Children(ctx workflow.Context) (string, error) {
	type O = workflow.ChildWorkflowOptions
	var attempt, collected string
	retry := &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond, MaximumAttempts: 3}
	if err := workflow.ExecuteChildWorkflow(child(ctx, func(o *O) { o.RetryPolicy = retry }), Retried).Get(ctx, &attempt); err != nil {
		return "", err
	}
	failed := workflow.ExecuteChildWorkflow(child(ctx), Fail).Get(ctx, nil)
	timedOut := workflow.ExecuteChildWorkflow(child(ctx, func(o *O) { o.WorkflowRunTimeout = time.Second }), Wait).Get(ctx, nil)
	scope, cancel := workflow.WithCancel(child(ctx, func(o *O) { o.WaitForCancellation = true }))
	waiting := workflow.ExecuteChildWorkflow(scope, Wait)
	if err := workflow.Sleep(ctx, 500*time.Millisecond); err != nil {
		return "", err
	}
	cancel()
	canceled := waiting.Get(ctx, nil)
	collecting := workflow.ExecuteChildWorkflow(child(ctx), Collect, 0)
	if err := collecting.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
		return "", err
	}
	taken := workflow.ExecuteChildWorkflow(child(ctx), Collect, 0).Get(ctx, nil)
	err := errors.Join(
		collecting.SignalChildWorkflow(ctx, "add", "hello").Get(ctx, nil),
		collecting.SignalChildWorkflow(ctx, "add", "stop").Get(ctx, nil),
		collecting.Get(ctx, &collected),
	)
	return strings.Join([]string{attempt, chain(failed), chain(timedOut), chain(canceled), chain(taken), collected}, "\n"), err
}

// Leave starts a child and closes.
func Leave(ctx workflow.Context, policy enums.ParentClosePolicy) (string, error) {
	var started workflow.Execution
	err := workflow.ExecuteChildWorkflow(child(ctx, func(o *workflow.ChildWorkflowOptions) { o.ParentClosePolicy = policy }), Wait).
		GetChildWorkflowExecution().Get(ctx, &started)
	return started.ID, err
}

// Others signals and cancels workflows that are not its children.
func Others(ctx workflow.Context) (string, error) {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	err := errors.Join(
		workflow.SignalExternalWorkflow(ctx, id+"-collect", "", "add", "from outside").Get(ctx, nil),
		workflow.SignalExternalWorkflow(ctx, id+"-collect", "", "add", "stop").Get(ctx, nil),
		workflow.RequestCancelExternalWorkflow(ctx, id+"-wait", "").Get(ctx, nil),
	)
	signal := workflow.SignalExternalWorkflow(ctx, "nobody", "", "add", "x").Get(ctx, nil)
	cancel := workflow.RequestCancelExternalWorkflow(ctx, "nobody", "").Get(ctx, nil)
	return chain(signal) + "\n" + chain(cancel), err
}

func Many(ctx workflow.Context, n int) (text string, err error) {
	if err = workflow.ExecuteActivity(acts(ctx), Echo, fmt.Sprint(n)).Get(ctx, &text); err != nil {
		return
	}
	if err = workflow.Sleep(ctx, time.Duration(1+n%5*20)*time.Millisecond); err != nil {
		return
	}
	err = workflow.ExecuteActivity(acts(ctx), Echo, text+"!").Get(ctx, &text)
	return
}

// Large schedules more at once than fits into a message.
func Large(ctx workflow.Context, mib int) error {
	var echoes []workflow.Future
	for range mib {
		echoes = append(echoes, workflow.ExecuteActivity(acts(ctx), Echo, strings.Repeat("x", 1<<20)))
	}
	for _, echo := range echoes {
		if err := echo.Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}
