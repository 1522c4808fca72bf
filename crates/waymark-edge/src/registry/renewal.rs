//! Packs that another release has compiled: they are compiled again from what was published, and keep their hash.

use waymark_engine::{PackHash, Program};

use crate::packs::gzip;
use crate::ports::{PackParts, Part, RegistryStore, StoreError};
use crate::programs::inflated;

/// A part of a pack, as this release reads it.
pub(super) fn part<S: RegistryStore>(
    store: &S,
    hash: PackHash,
    part: Part,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(bytes) = store.part(hash, part)? else { return Ok(None) };
    let is_ours = match part {
        Part::Source => true,
        Part::Program => Program::is_of_this_format(&bytes),
        Part::Page => inflated(&bytes).is_ok_and(|program| Program::is_of_this_format(&program)),
    };
    if is_ours { Ok(Some(bytes)) } else { renewed(store, hash, part) }
}

fn renewed<S: RegistryStore>(
    store: &S,
    hash: PackHash,
    part: Part,
) -> Result<Option<Vec<u8>>, StoreError> {
    let source = store.part(hash, Part::Source)?.unwrap_or_default();
    if source.is_empty() {
        // With a feed's rows. It is made again from the published one when somebody asks what is in force.
        store.drop_derived(hash)?;
        return Ok(None);
    }
    let source = String::from_utf8(source)
        .map_err(|_| StoreError(format!("The pack {hash} is not text.")))?;
    let mut program = waymark_pack::compile(&source)
        .map_err(|_| {
            StoreError(format!("This release does not compile the pack {hash}. Publish it again."))
        })?
        .program;
    program.hash = hash;
    let page = gzip(&program.page_projection().encode()).map_err(|error| StoreError(error.0))?;
    let source = source.into_bytes();
    let parts = PackParts { source, program: program.encode(), page };
    store.replace(hash, &parts)?;
    Ok(Some(match part {
        Part::Page => parts.page,
        Part::Program | Part::Source => parts.program,
    }))
}
