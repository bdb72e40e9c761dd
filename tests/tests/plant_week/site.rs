//! What the agent is told to watch: every folder of the plant's lines, two sources a line.

use std::fmt::Write as _;
use std::path::Path;

use tests::plant::PlantPath;

/// How long a file must stay as it is; the agent looks less often than this, see `stage`.
pub(crate) const STABLE: u64 = 120_000;

/// The time between two statements of a source.
pub(crate) const CADENCE: u64 = 20 * 60_000;

/// From how long on a record is late, and a watch's silence is an outage.
pub(crate) const LATE_AFTER: u64 = 30 * 60_000;
pub(crate) const PATIENCE: u64 = 10 * 60_000;

/// How a watch looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Append,
    Folder,
}

/// One watch, as the configuration has it.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) kind: Type,
    /// Below the plant's folder: a folder, or the file itself.
    pub(crate) path: String,
    /// How the names of its files end; all if empty.
    pub(crate) ending: &'static str,
    pub(crate) mapping: String,
    pub(crate) oven: bool,
}

impl Watch {
    /// Whether a file of the plant is this watch's.
    pub(crate) fn holds(&self, path: &PlantPath) -> bool {
        let (bytes, own) = (path.bytes(), self.path.as_bytes());
        if self.kind == Type::Append {
            return bytes == own;
        }
        let below = bytes.starts_with(own) && bytes.get(own.len()) == Some(&b'/');
        below && bytes.ends_with(self.ending.as_bytes())
    }

    /// The part of the path that a network shares.
    pub(crate) fn share(&self) -> String {
        self.path.split('/').take(2).collect::<Vec<_>>().join("/")
    }
}

/// The watches of all lines in the order in which the agent goes through them: what is about a
/// board comes before the next look at it, and certificates before what runs under them.
pub(crate) fn watches(lines: u32) -> Vec<Watch> {
    let mut all = Vec::new();
    for line in 1..=lines {
        let folder = format!("line-{line:02}");
        let own = format!("line-{line}");
        let mut add =
            |source: &str, name: &str, kind, path: &str, ending, mapping: String, oven| {
                let source = format!("{folder}.example/{source}");
                let (name, path) = (format!("{folder}-{name}"), format!("{folder}/{path}"));
                all.push(Watch { source, name, kind, path, ending, mapping, oven });
            };
        let folder = Type::Folder;
        let profiles = format!("{own}-profile");
        add("oven", "profiler", folder, "profiler", ".csv", profiles, false);
        if line % 5 == 1 {
            add("oven", "profiler-cfx", folder, "profiler", ".json", "cfx".into(), false);
        }
        add("oven", "oven", folder, "oven", "", "cfx".into(), false);
        let inspection = "inspection";
        add(inspection, "program", folder, "program", "", "program-file".into(), false);
        for name in ["spi", "repair", "review"] {
            if name != "review" || line % 5 == 1 {
                add(inspection, name, folder, name, "", "cfx".into(), false);
            }
        }
        let mut aoi = |name: &str, kind, path: &str, mapping: &str| {
            add(inspection, name, kind, path, "", mapping.to_string(), true);
        };
        match line % 5 {
            1 => aoi("aoi", folder, "aoi", "cfx"),
            2 => aoi("aoi", folder, "aoi", "saki-like"),
            3 => {
                aoi("machine", folder, "aoi/Machine", "omron-like-machine");
                aoi("operator", folder, "aoi/Operator", "omron-like-operator");
            }
            4 => {
                aoi("rows", folder, "aoi/SPC", "yestech-like");
                aoi("growing", Type::Append, "aoi/AOIData.Dat", "yestech-dat-like");
            }
            _ => aoi("aoi", folder, "aoi", "domestic-like"),
        }
    }
    all
}

/// The names of the sources, each once.
pub(crate) fn sources(watches: &[Watch]) -> Vec<String> {
    let mut names: Vec<String> = watches.iter().map(|watch| watch.source.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// The configuration file.
pub(crate) fn config(watches: &[Watch], vault: &Path, files: &Path, reserve: u64) -> String {
    let mut text = format!(
        "vault = {:?}\nlisten = \"127.0.0.1:0\"\nmappings = \"mappings\"\nlag-alarm = \"1h\"\n\
         [space]\nreserve-bytes = {reserve}\n",
        vault.display().to_string()
    );
    for source in sources(watches) {
        let _ = write!(
            text,
            "[[source]]\nname = {source:?}\nevery = \"{}s\"\nday-end = \"06:00+08:00\"\n\
             late-after = \"{}s\"\n",
            CADENCE / 1000,
            LATE_AFTER / 1000
        );
        for watch in watches.iter().filter(|watch| watch.source == source) {
            let path = files.join(&watch.path).display().to_string();
            let kind = if watch.kind == Type::Append { "append" } else { "folder" };
            let (name, mapping) = (&watch.name, &watch.mapping);
            let _ = write!(
                text,
                "[[source.watch]]\nname = {name:?}\ntype = {kind:?}\nmapping = {mapping:?}\n\
                 path = {path:?}\npatience = \"{}s\"\npoll = \"60s\"\nstable = \"{}s\"\n",
                PATIENCE / 1000,
                STABLE / 1000
            );
            if !watch.ending.is_empty() {
                let _ = writeln!(text, "include = [\"*{}\"]", watch.ending);
            }
            if watch.oven {
                let line = watch.path["line-".len()..].split('/').next().unwrap_or_default();
                let _ = writeln!(text, "oven = \"OVEN-{line}\"");
            }
        }
    }
    text
}

/// The mapping of a line's profiler: the shipped one with what only the site knows, the zone of its
/// clock and, where the trace does not name it, the oven.
pub(crate) fn profile_mapping(line: u32) -> (String, String) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence-agent/mappings");
    let name = match line % 5 {
        1 | 4 => "kic-like",
        3 => "t-962-like-certificate",
        _ => "datapaq-like",
    };
    let text = std::fs::read_to_string(shipped.join(format!("{name}.toml"))).unwrap();
    let own = format!("line-{line}-profile");
    let mut text = text.replace(&format!("name = \"{name}\""), &format!("name = \"{own}\""));
    text = text.replace("zone = \"unknown\"", "zone = \"+08:00\"");
    if name == "t-962-like-certificate" {
        text = text.replace("machine program verdict", "program verdict");
        text = text.replace(
            "[fields]\n",
            &format!("[fields]\nmachine = {{ text = \"OVEN-{line:02}\" }}\n"),
        );
        text += "\n[times]\nformat = \"yyyyMMddHHmmss\"\nstart = { name = 4, split = \"_\" }\n\
                 zone = \"+08:00\"\n";
    }
    (format!("{own}.toml"), text)
}
