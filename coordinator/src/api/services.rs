//! Which function answers which RPC, as tables; and which RPCs nothing answers yet.
//!
//! The latter are named too: the compiler then says what a new version of the protocol adds.

use persevere_proto::{
    api::{operatorservice::v1 as operatorservice, workflowservice::v1 as workflowservice},
    operator_service::operator_service_server::OperatorService,
    workflow_service::workflow_service_server::WorkflowService,
};
use tonic::{Request, Response, Status};

use super::{
    activity_report, activity_task, describe, history, list, namespace, operator, query, start,
    status::unsupported, system, task_queue, workflow, workflow_task,
};
use crate::Core;

/// All services of the API, in front of one core.
#[derive(Clone, Debug)]
pub(super) struct Services {
    pub(super) core: Core,
}

macro_rules! service {
    ($service:ident of $messages:ident:
        answered { $($family:ident::$rpc:ident($request:ident) -> $response:ident;)* }
        absent { $($absent:ident($absent_request:ident) -> $absent_response:ident;)* }
    ) => {
        #[tonic::async_trait]
        impl $service for Services {
            $(async fn $rpc(
                &self,
                request: Request<$messages::$request>,
            ) -> Result<Response<$messages::$response>, Status> {
                $family::$rpc(&self.core, request).await.map(Response::new)
            })*

            $(async fn $absent(
                &self,
                _request: Request<$messages::$absent_request>,
            ) -> Result<Response<$messages::$absent_response>, Status> {
                let name = stringify!($absent_request);
                Err(unsupported(name.strip_suffix("Request").unwrap_or(name)))
            })*
        }
    };
}

service! { WorkflowService of workflowservice:
    answered {
        namespace::register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse;
        namespace::describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse;
        namespace::list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse;
        namespace::update_namespace(UpdateNamespaceRequest) -> UpdateNamespaceResponse;
        start::start_workflow_execution(StartWorkflowExecutionRequest)
            -> StartWorkflowExecutionResponse;
        history::get_workflow_execution_history(GetWorkflowExecutionHistoryRequest)
            -> GetWorkflowExecutionHistoryResponse;
        history::get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest)
            -> GetWorkflowExecutionHistoryReverseResponse;
        workflow_task::poll_workflow_task_queue(PollWorkflowTaskQueueRequest)
            -> PollWorkflowTaskQueueResponse;
        workflow_task::respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest)
            -> RespondWorkflowTaskCompletedResponse;
        workflow_task::respond_workflow_task_failed(RespondWorkflowTaskFailedRequest)
            -> RespondWorkflowTaskFailedResponse;
        activity_task::poll_activity_task_queue(PollActivityTaskQueueRequest)
            -> PollActivityTaskQueueResponse;
        activity_report::record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest)
            -> RecordActivityTaskHeartbeatResponse;
        activity_report::record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest)
            -> RecordActivityTaskHeartbeatByIdResponse;
        activity_report::respond_activity_task_completed(RespondActivityTaskCompletedRequest)
            -> RespondActivityTaskCompletedResponse;
        activity_report::respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest)
            -> RespondActivityTaskCompletedByIdResponse;
        activity_report::respond_activity_task_failed(RespondActivityTaskFailedRequest)
            -> RespondActivityTaskFailedResponse;
        activity_report::respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest)
            -> RespondActivityTaskFailedByIdResponse;
        activity_report::respond_activity_task_canceled(RespondActivityTaskCanceledRequest)
            -> RespondActivityTaskCanceledResponse;
        activity_report::respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest)
            -> RespondActivityTaskCanceledByIdResponse;
        workflow::request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest)
            -> RequestCancelWorkflowExecutionResponse;
        workflow::signal_workflow_execution(SignalWorkflowExecutionRequest)
            -> SignalWorkflowExecutionResponse;
        start::signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest)
            -> SignalWithStartWorkflowExecutionResponse;
        workflow::terminate_workflow_execution(TerminateWorkflowExecutionRequest)
            -> TerminateWorkflowExecutionResponse;
        workflow::delete_workflow_execution(DeleteWorkflowExecutionRequest)
            -> DeleteWorkflowExecutionResponse;
        list::list_open_workflow_executions(ListOpenWorkflowExecutionsRequest)
            -> ListOpenWorkflowExecutionsResponse;
        list::list_closed_workflow_executions(ListClosedWorkflowExecutionsRequest)
            -> ListClosedWorkflowExecutionsResponse;
        list::list_workflow_executions(ListWorkflowExecutionsRequest)
            -> ListWorkflowExecutionsResponse;
        list::scan_workflow_executions(ScanWorkflowExecutionsRequest)
            -> ScanWorkflowExecutionsResponse;
        list::count_workflow_executions(CountWorkflowExecutionsRequest)
            -> CountWorkflowExecutionsResponse;
        system::get_search_attributes(GetSearchAttributesRequest) -> GetSearchAttributesResponse;
        query::respond_query_task_completed(RespondQueryTaskCompletedRequest)
            -> RespondQueryTaskCompletedResponse;
        workflow::reset_sticky_task_queue(ResetStickyTaskQueueRequest)
            -> ResetStickyTaskQueueResponse;
        task_queue::shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse;
        query::query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse;
        describe::describe_workflow_execution(DescribeWorkflowExecutionRequest)
            -> DescribeWorkflowExecutionResponse;
        task_queue::describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse;
        system::get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse;
        system::get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse;
        task_queue::list_task_queue_partitions(ListTaskQueuePartitionsRequest)
            -> ListTaskQueuePartitionsResponse;
        task_queue::poll_nexus_task_queue(PollNexusTaskQueueRequest) -> PollNexusTaskQueueResponse;
        task_queue::record_worker_heartbeat(RecordWorkerHeartbeatRequest)
            -> RecordWorkerHeartbeatResponse;
    }
    absent {
        deprecate_namespace(DeprecateNamespaceRequest) -> DeprecateNamespaceResponse;
        execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse;
        reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse;
        list_archived_workflow_executions(ListArchivedWorkflowExecutionsRequest)
            -> ListArchivedWorkflowExecutionsResponse;
        create_schedule(CreateScheduleRequest) -> CreateScheduleResponse;
        describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse;
        update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse;
        patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse;
        list_schedule_matching_times(ListScheduleMatchingTimesRequest)
            -> ListScheduleMatchingTimesResponse;
        delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse;
        list_schedules(ListSchedulesRequest) -> ListSchedulesResponse;
        count_schedules(CountSchedulesRequest) -> CountSchedulesResponse;
        update_worker_build_id_compatibility(UpdateWorkerBuildIdCompatibilityRequest)
            -> UpdateWorkerBuildIdCompatibilityResponse;
        get_worker_build_id_compatibility(GetWorkerBuildIdCompatibilityRequest)
            -> GetWorkerBuildIdCompatibilityResponse;
        update_worker_versioning_rules(UpdateWorkerVersioningRulesRequest)
            -> UpdateWorkerVersioningRulesResponse;
        get_worker_versioning_rules(GetWorkerVersioningRulesRequest)
            -> GetWorkerVersioningRulesResponse;
        get_worker_task_reachability(GetWorkerTaskReachabilityRequest)
            -> GetWorkerTaskReachabilityResponse;
        describe_deployment(DescribeDeploymentRequest) -> DescribeDeploymentResponse;
        describe_worker_deployment_version(DescribeWorkerDeploymentVersionRequest)
            -> DescribeWorkerDeploymentVersionResponse;
        list_deployments(ListDeploymentsRequest) -> ListDeploymentsResponse;
        get_deployment_reachability(GetDeploymentReachabilityRequest)
            -> GetDeploymentReachabilityResponse;
        get_current_deployment(GetCurrentDeploymentRequest) -> GetCurrentDeploymentResponse;
        set_current_deployment(SetCurrentDeploymentRequest) -> SetCurrentDeploymentResponse;
        set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest)
            -> SetWorkerDeploymentCurrentVersionResponse;
        describe_worker_deployment(DescribeWorkerDeploymentRequest)
            -> DescribeWorkerDeploymentResponse;
        delete_worker_deployment(DeleteWorkerDeploymentRequest) -> DeleteWorkerDeploymentResponse;
        delete_worker_deployment_version(DeleteWorkerDeploymentVersionRequest)
            -> DeleteWorkerDeploymentVersionResponse;
        set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest)
            -> SetWorkerDeploymentRampingVersionResponse;
        list_worker_deployments(ListWorkerDeploymentsRequest) -> ListWorkerDeploymentsResponse;
        create_worker_deployment(CreateWorkerDeploymentRequest) -> CreateWorkerDeploymentResponse;
        create_worker_deployment_version(CreateWorkerDeploymentVersionRequest)
            -> CreateWorkerDeploymentVersionResponse;
        update_worker_deployment_version_compute_config(UpdateWorkerDeploymentVersionComputeConfigRequest)
            -> UpdateWorkerDeploymentVersionComputeConfigResponse;
        validate_worker_deployment_version_compute_config(ValidateWorkerDeploymentVersionComputeConfigRequest)
            -> ValidateWorkerDeploymentVersionComputeConfigResponse;
        update_worker_deployment_version_metadata(UpdateWorkerDeploymentVersionMetadataRequest)
            -> UpdateWorkerDeploymentVersionMetadataResponse;
        set_worker_deployment_manager(SetWorkerDeploymentManagerRequest)
            -> SetWorkerDeploymentManagerResponse;
        update_workflow_execution(UpdateWorkflowExecutionRequest)
            -> UpdateWorkflowExecutionResponse;
        poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest)
            -> PollWorkflowExecutionUpdateResponse;
        start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse;
        stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse;
        describe_batch_operation(DescribeBatchOperationRequest) -> DescribeBatchOperationResponse;
        list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse;
        respond_nexus_task_completed(RespondNexusTaskCompletedRequest)
            -> RespondNexusTaskCompletedResponse;
        respond_nexus_task_failed(RespondNexusTaskFailedRequest) -> RespondNexusTaskFailedResponse;
        update_activity_options(UpdateActivityOptionsRequest) -> UpdateActivityOptionsResponse;
        update_workflow_execution_options(UpdateWorkflowExecutionOptionsRequest)
            -> UpdateWorkflowExecutionOptionsResponse;
        pause_activity(PauseActivityRequest) -> PauseActivityResponse;
        unpause_activity(UnpauseActivityRequest) -> UnpauseActivityResponse;
        reset_activity(ResetActivityRequest) -> ResetActivityResponse;
        create_workflow_rule(CreateWorkflowRuleRequest) -> CreateWorkflowRuleResponse;
        describe_workflow_rule(DescribeWorkflowRuleRequest) -> DescribeWorkflowRuleResponse;
        delete_workflow_rule(DeleteWorkflowRuleRequest) -> DeleteWorkflowRuleResponse;
        list_workflow_rules(ListWorkflowRulesRequest) -> ListWorkflowRulesResponse;
        trigger_workflow_rule(TriggerWorkflowRuleRequest) -> TriggerWorkflowRuleResponse;
        list_workers(ListWorkersRequest) -> ListWorkersResponse;
        count_workers(CountWorkersRequest) -> CountWorkersResponse;
        update_task_queue_config(UpdateTaskQueueConfigRequest) -> UpdateTaskQueueConfigResponse;
        fetch_worker_config(FetchWorkerConfigRequest) -> FetchWorkerConfigResponse;
        update_worker_config(UpdateWorkerConfigRequest) -> UpdateWorkerConfigResponse;
        describe_worker(DescribeWorkerRequest) -> DescribeWorkerResponse;
        pause_workflow_execution(PauseWorkflowExecutionRequest) -> PauseWorkflowExecutionResponse;
        unpause_workflow_execution(UnpauseWorkflowExecutionRequest)
            -> UnpauseWorkflowExecutionResponse;
        start_activity_execution(StartActivityExecutionRequest) -> StartActivityExecutionResponse;
        start_nexus_operation_execution(StartNexusOperationExecutionRequest)
            -> StartNexusOperationExecutionResponse;
        describe_activity_execution(DescribeActivityExecutionRequest)
            -> DescribeActivityExecutionResponse;
        describe_nexus_operation_execution(DescribeNexusOperationExecutionRequest)
            -> DescribeNexusOperationExecutionResponse;
        poll_activity_execution(PollActivityExecutionRequest) -> PollActivityExecutionResponse;
        poll_nexus_operation_execution(PollNexusOperationExecutionRequest)
            -> PollNexusOperationExecutionResponse;
        list_activity_executions(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse;
        list_nexus_operation_executions(ListNexusOperationExecutionsRequest)
            -> ListNexusOperationExecutionsResponse;
        count_activity_executions(CountActivityExecutionsRequest)
            -> CountActivityExecutionsResponse;
        count_nexus_operation_executions(CountNexusOperationExecutionsRequest)
            -> CountNexusOperationExecutionsResponse;
        request_cancel_activity_execution(RequestCancelActivityExecutionRequest)
            -> RequestCancelActivityExecutionResponse;
        request_cancel_nexus_operation_execution(RequestCancelNexusOperationExecutionRequest)
            -> RequestCancelNexusOperationExecutionResponse;
        terminate_activity_execution(TerminateActivityExecutionRequest)
            -> TerminateActivityExecutionResponse;
        delete_activity_execution(DeleteActivityExecutionRequest)
            -> DeleteActivityExecutionResponse;
        pause_activity_execution(PauseActivityExecutionRequest) -> PauseActivityExecutionResponse;
        reset_activity_execution(ResetActivityExecutionRequest) -> ResetActivityExecutionResponse;
        unpause_activity_execution(UnpauseActivityExecutionRequest)
            -> UnpauseActivityExecutionResponse;
        update_activity_execution_options(UpdateActivityExecutionOptionsRequest)
            -> UpdateActivityExecutionOptionsResponse;
        terminate_nexus_operation_execution(TerminateNexusOperationExecutionRequest)
            -> TerminateNexusOperationExecutionResponse;
        delete_nexus_operation_execution(DeleteNexusOperationExecutionRequest)
            -> DeleteNexusOperationExecutionResponse;
        poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest)
            -> PollWorkflowExecutionTimeSkippingResponse;
    }
}

service! { OperatorService of operatorservice:
    answered {
        operator::list_search_attributes(ListSearchAttributesRequest)
            -> ListSearchAttributesResponse;
        operator::delete_namespace(DeleteNamespaceRequest) -> DeleteNamespaceResponse;
        operator::list_clusters(ListClustersRequest) -> ListClustersResponse;
        operator::list_nexus_endpoints(ListNexusEndpointsRequest) -> ListNexusEndpointsResponse;
    }
    absent {
        add_search_attributes(AddSearchAttributesRequest) -> AddSearchAttributesResponse;
        remove_search_attributes(RemoveSearchAttributesRequest) -> RemoveSearchAttributesResponse;
        add_or_update_remote_cluster(AddOrUpdateRemoteClusterRequest)
            -> AddOrUpdateRemoteClusterResponse;
        remove_remote_cluster(RemoveRemoteClusterRequest) -> RemoveRemoteClusterResponse;
        get_nexus_endpoint(GetNexusEndpointRequest) -> GetNexusEndpointResponse;
        create_nexus_endpoint(CreateNexusEndpointRequest) -> CreateNexusEndpointResponse;
        update_nexus_endpoint(UpdateNexusEndpointRequest) -> UpdateNexusEndpointResponse;
        delete_nexus_endpoint(DeleteNexusEndpointRequest) -> DeleteNexusEndpointResponse;
    }
}
