//! `fiducial-capacity`: prints what `docs/capacity.md` quotes. See `tests::capacity`.

use clap::Parser;
use tests::capacity::measure::measure;
use tests::capacity::table;
use tests::capacity::year::CAPACITY;

/// Measures what a statement costs on this machine, and replays a year at three scales.
#[derive(Parser)]
struct Arguments {
    /// Statements a second that the simulated log takes.
    #[arg(long, default_value_t = CAPACITY)]
    capacity: u64,
    /// Only the simulation.
    #[arg(long)]
    no_measure: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    if !arguments.no_measure {
        let folder = tempfile::tempdir()?;
        let cost = measure(folder.path())?;
        println!("a statement of {:.0} bytes costs", cost.statement_bytes);
        println!("  {:.0} us of one processor, without HTTP", cost.cpu_us);
        println!("  {:.0} bytes of tiles and bundles", cost.object_bytes);
        println!("  {:.5} objects, each read, written and read back once", cost.objects);
        println!("  {:.0} bytes of the index, which is rebuilt where it is lost", cost.index_bytes);
    }
    println!("a year, against a log that takes {} statements a second:", arguments.capacity);
    table(arguments.capacity).iter().for_each(|line| println!("{line}"));
    Ok(())
}
