//! Puts the built web client into the binary, where it was built: `web/apps/client/dist`.
//!
//! Without it the binary is compiled all the same, and says at `/` how to build it.

use std::{
    env,
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web/apps/client");
    let dist = client.join("dist");
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        println!("cargo::rerun-if-changed={}", dist.display());
        collect(&dist, "", &mut files)?;
        files.sort();
    } else if client.is_dir() {
        // A path that is not there would mean that everything is compiled anew each time; the
        // folder around it changes when the client is built.
        println!("cargo::rerun-if-changed={}", client.display());
    }
    let mut list = String::from("&[\n");
    for (name, path) in &files {
        let path = fs::canonicalize(path)?;
        let path = path.to_str().ok_or("the path of the repository is no UTF-8")?;
        writeln!(list, "    WebFile {{ path: {name:?}, bytes: include_bytes!({path:?}) }},")?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("web.rs"), list)?;
    Ok(())
}

/// All files below a folder, with their names from there. Source maps are for whoever builds.
fn collect(
    dir: &Path,
    prefix: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| "a file's name is no UTF-8")?;
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if !path.contains(".map") {
            files.push((path, entry.path()));
        }
    }
    Ok(())
}
