//! The API through its real gRPC stack, on an in-process channel to a coordinator in memory: what
//! each family of RPCs answers, and what it refuses.

mod history;
mod lists;
mod namespaces;
mod server;
mod starts;
mod system;
mod tasks;
