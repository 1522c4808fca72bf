//! Files for visitors, compressed once: the platform does not compress at the highest level.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::project::{self, command};
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
        let brotli = brotli(&plain)?;
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

/// By the reference encoder, which Node brings along at level 11: others make more of it.
fn brotli(plain: &[u8]) -> Result<Vec<u8>> {
    let mut node = command("node");
    node.args(["-e", "process.stdout.write(zlib.brotliCompressSync(fs.readFileSync(0)))"]);
    let mut encoder = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    // It reads all of it before it writes.
    encoder.stdin.take().context("the encoder's input")?.write_all(plain)?;
    let output = encoder.wait_with_output()?;
    ensure!(output.status.success(), "node could not compress");
    Ok(output.stdout)
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
