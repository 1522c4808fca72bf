//! What the fuzzers found worth keeping, run again.

use std::path::Path;

use waymark_fuzz::TARGETS;

#[test]
fn nothing_in_the_corpus_is_a_finding() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs = 0;
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if let Ok(bytes) = std::fs::read(entry.path()) {
                target(&bytes);
                inputs += 1;
            }
        }
        assert!(inputs > 20, "{} has {inputs} inputs", folder.display());
    }
}
