//! The namespaces that exist: few, read by every request, kept in memory and in the store.

use std::sync::Arc;

use persevere_proto::api::workflowservice::v1::DescribeNamespaceResponse;

/// One namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    /// What clients send.
    pub name: String,
    /// A UUID.
    pub id: String,
    /// All that is told about it; stored as it is.
    pub description: DescribeNamespaceResponse,
}

/// Why a namespace could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamespaceError {
    /// The name is taken.
    #[error("Namespace already exists.")]
    AlreadyExists,
    /// There is none of this name.
    #[error("Namespace {0} is not found.")]
    NotFound(String),
    /// It could not be stored.
    #[error("the database cannot be written: {0}")]
    Storage(String),
}

/// All namespaces. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Namespaces {
    _inner: Arc<()>,
}

impl Namespaces {
    /// The namespace of this name.
    #[must_use]
    pub fn get(&self, _name: &str) -> Option<Arc<Namespace>> {
        todo!()
    }

    /// The namespace of this id.
    #[must_use]
    pub fn by_id(&self, _id: &str) -> Option<Arc<Namespace>> {
        todo!()
    }

    /// All of them, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Namespace>> {
        todo!()
    }

    /// Adds one. Durable when it returns.
    ///
    /// # Errors
    /// If the name is taken or storing fails.
    pub async fn register(&self, _namespace: Namespace) -> Result<(), NamespaceError> {
        todo!()
    }

    /// Replaces one of the same name. Durable when it returns.
    ///
    /// # Errors
    /// If there is none, or storing fails.
    pub async fn update(&self, _namespace: Namespace) -> Result<(), NamespaceError> {
        todo!()
    }
}
