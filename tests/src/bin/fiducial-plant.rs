//! `fiducial-plant`: writes a synthetic plant's files into a folder, and its truth beside them.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use tests::plant::{Bulk, Disk, Faults, Misbehaviour, Plant, Scale};

/// Writes what the machines of a plant leave behind: reports, reviews, repairs, profiles.
#[derive(Parser)]
#[command(
    name = "fiducial-plant",
    after_help = "Examples:
  One line for an hour, everything in order:
    fiducial-plant run --out plant --scale hour --faults none
  Five lines for a shift, with two of each misbehaviour:
    fiducial-plant run --out plant --scale shift --misbehaviour 2
  The same, one hour of the plant in ten seconds, for a watcher to follow:
    fiducial-plant run --out plant --scale shift --misbehaviour 2 --speed 360
  Ten thousand reports for a benchmark:
    fiducial-plant bulk --out reports --count 10000"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes reports of about 8 kB, as many as are wanted.
    Bulk {
        /// The folder to write below.
        #[arg(long)]
        out: PathBuf,
        /// How many reports.
        #[arg(long)]
        count: u64,
        /// The same seed gives the same files.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Lets a plant work.
    Run(Run),
}

#[derive(clap::Args)]
struct Run {
    /// The folder to make: `files` for the machines' folders, `truth.json`, `shipped.csv`.
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How large the plant is and how long it works.
    #[arg(long, value_enum, default_value_t = Size::Hour)]
    scale: Size,
    /// Lines, where not as the scale says.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    lines: Option<u32>,
    /// Hours, where not as the scale says.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    hours: Option<u32>,
    /// Panels an hour into each line, where not as the scale says.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    panels_per_hour: Option<u32>,
    /// Which faults the world has.
    #[arg(long, value_enum, default_value_t = World::Usual)]
    faults: World,
    /// How often each kind of misbehaviour is tried.
    #[arg(long, default_value_t = 0)]
    misbehaviour: u32,
    /// Seconds of the plant that pass in one second; without it, as fast as can be written.
    #[arg(long)]
    speed: Option<f64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Size {
    /// One line for an hour.
    Hour,
    /// Five lines, one of each format, for eight hours.
    Shift,
    /// Five lines for a week, a hundred panels a day each.
    QuietWeek,
    /// Ten lines for a week, 25,000 panels a day.
    Week,
}

#[derive(Clone, Copy, ValueEnum)]
enum World {
    /// Everything works.
    None,
    /// Clocks, power, networks and half-written files as in an ordinary week.
    Usual,
}

fn main() -> io::Result<()> {
    match Arguments::parse().command {
        Command::Bulk { out, count, seed } => {
            let total = Bulk::new(seed).write(count, &out, |done| {
                if done.is_multiple_of(10_000) {
                    eprintln!("{done} of {count}");
                }
            })?;
            println!("{count} reports, {total} bytes, in {}", out.display());
            Ok(())
        }
        Command::Run(run) => work(&run),
    }
}

fn work(run: &Run) -> io::Result<()> {
    let files = run.out.join("files");
    if files.exists() {
        let why = format!("{} is there already: name a new folder", files.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    let mut plant =
        Plant::new(run.seed, scale(run), faults(run), Misbehaviour::each(run.misbehaviour));
    let mut disk = Disk::open(&files, &run.out.join("unreachable"))?;
    let mut now = plant.start();
    for event in plant.by_ref() {
        if let Some(speed) = run.speed {
            std::thread::sleep(Duration::from_secs_f64((event.at - now) as f64 / 1_000.0 / speed));
        }
        now = event.at;
        disk.apply(&event)?;
    }
    let truth = plant.truth();
    write(&run.out.join("truth.json"), |to| truth.write_json(to))?;
    fs::write(run.out.join("shipped.csv"), truth.shipped_csv())?;
    println!("panels           {}", truth.panels.len());
    println!("file versions    {}", truth.versions.len());
    println!("certificates     {}", truth.certificates.len());
    for (kind, count) in truth.done() {
        println!("{kind:<16?} {count}");
    }
    Ok(())
}

fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut to = BufWriter::new(File::create(path)?);
    content(&mut to)?;
    to.flush()
}

fn scale(run: &Run) -> Scale {
    let mut scale = match run.scale {
        Size::Hour => Scale::hour(),
        Size::QuietWeek => Scale::quiet_week(),
        Size::Shift => Scale::shift(),
        Size::Week => Scale::week(),
    };
    scale.lines = run.lines.unwrap_or(scale.lines);
    scale.hours = run.hours.unwrap_or(scale.hours);
    scale.panels_per_hour = run.panels_per_hour.unwrap_or(scale.panels_per_hour);
    scale
}

const fn faults(run: &Run) -> Faults {
    match run.faults {
        World::None => Faults::none(),
        World::Usual => Faults::usual(),
    }
}
