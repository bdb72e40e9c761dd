//! The project's own commands: demo, test, bench, and the checks behind them.
fn main() {}
