//! Rows of namespaces.

use persevere_proto::api::workflowservice::v1::DescribeNamespaceResponse;
use prost::Message as _;
use sqlx::Row;

use super::{Store, StoreError};
use crate::Namespace;

impl Store {
    /// All namespaces.
    pub(crate) async fn namespaces(&self) -> Result<Vec<Namespace>, StoreError> {
        let rows = sqlx::query("SELECT name, id, description FROM namespaces ORDER BY name")
            .fetch_all(self.readers())
            .await?;
        let namespaces = rows.iter().map(|row| {
            let description = DescribeNamespaceResponse::decode(row.try_get::<&[u8], _>(2)?)
                .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok(Namespace { name: row.try_get(0)?, id: row.try_get(1)?, description })
        });
        namespaces.collect()
    }

    /// Stores a namespace in place of one of the same name, if there is one.
    pub(crate) async fn put_namespace(&self, namespace: &Namespace) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO namespaces (name, id, description) VALUES (?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET description = excluded.description";
        sqlx::query(SQL)
            .bind(namespace.name.clone())
            .bind(namespace.id.clone())
            .bind(namespace.description.encode_to_vec())
            .execute(&self.inner.writer)
            .await?;
        Ok(())
    }

    /// Removes the row of a namespace.
    pub(crate) async fn remove_namespace(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM namespaces WHERE name = ?")
            .bind(name.to_owned())
            .execute(&self.inner.writer)
            .await?;
        Ok(())
    }
}
