//! Judges: inclusion, consistency, audits, disclosures; offline where it can.
