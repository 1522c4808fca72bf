//! A folder, or a bucket, by the same few verbs.

use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::{Builder, Runtime};

use crate::error::CliError;

pub(super) struct Store {
    name: String,
    inner: Arc<dyn ObjectStore>,
    runtime: Runtime,
}

impl Store {
    pub(super) fn open(location: &str) -> Result<Self, CliError> {
        let unusable = |reason: String| CliError::BadLake { lake: location.to_owned(), reason };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unusable(error.to_string()))?;
        let inner: Arc<dyn ObjectStore> = if location.contains("://") {
            // One library for TLS, and it is told which cryptography to use only once.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let builder = AmazonS3Builder::from_env().with_url(location);
            let bucket = builder.build().map_err(|error| unusable(error.to_string()))?;
            match location.splitn(4, '/').nth(3).filter(|prefix| !prefix.is_empty()) {
                Some(prefix) if location.starts_with("s3://") => {
                    Arc::new(PrefixStore::new(bucket, prefix))
                }
                _ => Arc::new(bucket),
            }
        } else {
            let folder = LocalFileSystem::new_with_prefix(location);
            Arc::new(folder.map_err(|error| unusable(error.to_string()))?)
        };
        Ok(Self { name: location.to_owned(), inner, runtime })
    }

    /// Names of files in a folder and below it, in their order.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>, CliError> {
        use futures_util::TryStreamExt as _;
        let listing = self.inner.list(Some(&Path::from(folder)));
        let found = self.runtime.block_on(listing.try_collect::<Vec<_>>());
        let found = found.map_err(|error| self.failed(folder, &error))?;
        let mut names: Vec<String> =
            found.into_iter().map(|meta| meta.location.to_string()).collect();
        names.sort();
        Ok(names)
    }

    pub(super) fn get(&self, name: &str) -> Result<Vec<u8>, CliError> {
        let path = Path::from(name);
        let read = async { self.inner.get(&path).await?.bytes().await };
        let bytes = self.runtime.block_on(read).map_err(|error| self.failed(name, &error))?;
        Ok(bytes.to_vec())
    }

    /// Whole, or not at all; in place of what was there.
    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), CliError> {
        let put = self.runtime.block_on(self.inner.put(&Path::from(name), bytes.into()));
        put.map(drop).map_err(|error| self.failed(name, &error))
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), CliError> {
        match self.runtime.block_on(self.inner.delete(&Path::from(name))) {
            // Somebody was here before.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(name, &error)),
        }
    }

    fn failed(&self, name: &str, error: &object_store::Error) -> CliError {
        CliError::LakeFailed {
            lake: self.name.clone(),
            name: name.to_owned(),
            reason: error.to_string(),
        }
    }
}
