use std::time::Instant;
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    for e in std::fs::read_dir(dir).unwrap() {
        let p = e.unwrap().path();
        let s = std::fs::read_to_string(&p).unwrap();
        let t = Instant::now();
        let r = waymark_pack::compile(&s);
        println!(
            "{:?} {}KB {:?} {}",
            p.file_name().unwrap(),
            s.len() / 1024,
            t.elapsed(),
            match r {
                Ok(_) => "ok".into(),
                Err(r) => format!("{} {}", r.len(), r.diagnostics[0]),
            }
        );
    }
}
