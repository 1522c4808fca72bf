//! Files for visitors, compressed once: the platform does not compress at the highest level.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::project;
use crate::tools::hex;

pub struct Asset {
    /// Where the edge serves it.
    pub path: String,
    pub media_type: &'static str,
    /// The name carries the hash of the content.
    pub immutable: bool,
    pub plain: Vec<u8>,
    pub brotli: Vec<u8>,
    pub gzip: Vec<u8>,
}

impl Asset {
    pub fn new(
        path: String,
        media_type: &'static str,
        immutable: bool,
        plain: Vec<u8>,
    ) -> Result<Self> {
        let mut brotli = Vec::new();
        let params = brotli::enc::BrotliEncoderParams {
            quality: 11,
            lgwin: 22,
            size_hint: plain.len(),
            ..Default::default()
        };
        brotli::BrotliCompress(&mut plain.as_slice(), &mut brotli, &params)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&plain)?;
        Ok(Self { path, media_type, immutable, brotli, gzip: gzip.finish()?, plain })
    }

    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub fn etag(&self) -> String {
        format!("\"{}\"", short_hash(&self.plain))
    }
}

pub fn short_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..8])
}

/// Writes the files as they are, for sites that serve them themselves.
pub fn write_plain(assets: &[Asset], folder: &Path) -> Result<()> {
    assets
        .iter()
        .try_for_each(|asset| project::write(&folder.join(asset.file_name()), &asset.plain))
}

/// Writes the files compressed, for the edge.
pub fn write_packed(assets: &[Asset], folder: &Path) -> Result<()> {
    for asset in assets {
        project::write(&folder.join(format!("{}.br", asset.file_name())), &asset.brotli)?;
        project::write(&folder.join(format!("{}.gz", asset.file_name())), &asset.gzip)?;
    }
    Ok(())
}
