//! The namespaces that exist: few, read by every request, kept in memory and in the store.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use persevere_proto::api::{
    enums::v1::NamespaceState, workflowservice::v1::DescribeNamespaceResponse,
};

use crate::{Store, StoreError};

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

impl Namespace {
    /// Whether it is being deleted: no request finds it any more.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        let info = self.description.namespace_info.as_ref();
        info.is_some_and(|info| info.state() == NamespaceState::Deleted)
    }
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
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    known: RwLock<Known>,
    /// One change at a time, so that memory and store agree.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    by_name: BTreeMap<String, Arc<Namespace>>,
    /// As decisions need them.
    ids: Arc<BTreeMap<String, String>>,
}

impl Namespaces {
    /// Reads the stored namespaces, and makes those of `names` that are not there.
    pub(crate) async fn open(store: Store, names: &[String]) -> Result<Self, StoreError> {
        let mut known = Known::default();
        for namespace in store.namespaces().await? {
            known.insert(namespace);
        }
        for name in names {
            if !known.by_name.contains_key(name) {
                let namespace = crate::new_namespace(name);
                store.put_namespace(&namespace).await?;
                known.insert(namespace);
            }
        }
        let changing = tokio::sync::Mutex::new(());
        Ok(Namespaces { inner: Arc::new(Inner { store, known: RwLock::new(known), changing }) })
    }

    /// The namespace of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Namespace>> {
        self.known(|known| known.by_name.get(name).cloned())
    }

    /// The namespace of this id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<Arc<Namespace>> {
        self.known(|known| known.by_name.values().find(|namespace| namespace.id == id).cloned())
    }

    /// All of them, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Namespace>> {
        self.known(|known| known.by_name.values().cloned().collect())
    }

    /// Ids by name, as decisions need them.
    pub(crate) fn ids(&self) -> Arc<BTreeMap<String, String>> {
        self.known(|known| known.ids.clone())
    }

    /// Adds one. Durable when it returns.
    ///
    /// # Errors
    /// If the name is taken or storing fails.
    pub async fn register(&self, namespace: Namespace) -> Result<(), NamespaceError> {
        let _changing = self.inner.changing.lock().await;
        if self.get(&namespace.name).is_some() {
            return Err(NamespaceError::AlreadyExists);
        }
        self.put(namespace).await
    }

    /// Replaces one of the same name. Durable when it returns.
    ///
    /// # Errors
    /// If there is none, or storing fails.
    pub async fn update(&self, namespace: Namespace) -> Result<(), NamespaceError> {
        let _changing = self.inner.changing.lock().await;
        if self.get(&namespace.name).is_none() {
            return Err(NamespaceError::NotFound(namespace.name));
        }
        self.put(namespace).await
    }

    /// Forgets one, whose executions are gone. Durable when it returns.
    ///
    /// # Errors
    /// If storing fails.
    pub async fn remove(&self, name: &str) -> Result<(), NamespaceError> {
        let _changing = self.inner.changing.lock().await;
        let removed = self.inner.store.remove_namespace(name).await;
        removed.map_err(|error| NamespaceError::Storage(error.to_string()))?;
        self.inner.known.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }

    async fn put(&self, namespace: Namespace) -> Result<(), NamespaceError> {
        let stored = self.inner.store.put_namespace(&namespace).await;
        stored.map_err(|error| NamespaceError::Storage(error.to_string()))?;
        // A poisoned lock: a reader cannot leave the table half changed.
        self.inner.known.write().unwrap_or_else(PoisonError::into_inner).insert(namespace);
        Ok(())
    }

    fn known<T>(&self, read: impl FnOnce(&Known) -> T) -> T {
        read(&self.inner.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn remove(&mut self, name: &str) {
        Arc::make_mut(&mut self.ids).remove(name);
        self.by_name.remove(name);
    }

    fn insert(&mut self, namespace: Namespace) {
        Arc::make_mut(&mut self.ids).insert(namespace.name.clone(), namespace.id.clone());
        self.by_name.insert(namespace.name.clone(), Arc::new(namespace));
    }
}
