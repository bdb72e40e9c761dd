//! Which files a command reads, and which one it writes.
//!
//! Everything that can be typed is taken apart name by name, so that an option that is added does not
//! compile before it is said here whether it names a file. What is written must be none of what is read
//! ([`crate::durable::Target`]).

use std::path::{Path, PathBuf};

use super::papers::{TemplateCommand, TemplateFill, TimestampCommand, TimestampRequest};
use super::{
    Audit, BundleCommand, BundleMake, ChallengeCommand, ChallengeMake, Command, Dossier,
    PolicyArgs, Prove, ProveConsistency, ProveInclusion, Reconcile, Verify, VerifyDossier,
    VerifyWhat, Wanted, Watch,
};

/// The files of one command, as they were typed: not each of them needs to be there.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// What is read. Of a folder also all that lies in it.
    pub(crate) inputs: Vec<PathBuf>,
    /// What is written. A state is read as well, and is looked at before it is replaced.
    pub(crate) output: Option<PathBuf>,
    /// The page for people, which is written when the command has ended.
    pub(crate) page: Option<PathBuf>,
}

impl Files {
    /// The files of what was typed. Of a command that writes nothing none are told.
    pub(crate) fn of(wanted: &Wanted) -> Self {
        let Wanted { language: _, json: _, ca_file, command } = wanted;
        let mut files = Self::default();
        files.read(ca_file);
        files.add(command);
        files
    }

    fn add(&mut self, command: &Command) {
        match command {
            Command::Audit(audit) => self.audit(audit),
            Command::Bundle(BundleCommand::Make(make)) => self.bundle(make),
            Command::Bundle(BundleCommand::Verify(verify)) => self.verify_dossier(verify),
            Command::Challenge(ChallengeCommand::Make(make)) => self.challenge(make),
            Command::Prove(Prove::Consistency(prove)) => self.prove_consistency(prove),
            Command::Prove(Prove::Inclusion(prove)) => self.prove_inclusion(prove),
            Command::Reconcile(reconcile) => self.reconcile(reconcile),
            Command::Template(TemplateCommand::Fill(fill)) => self.template(fill),
            Command::Timestamp(TimestampCommand::Request(request)) => self.timestamp(request),
            Command::Verify(verify) => self.verify(verify),
            Command::Watch(watch) => self.watch(watch),
            // These write nothing.
            Command::Bundle(BundleCommand::Explain(_))
            | Command::Challenge(ChallengeCommand::Verify(_))
            | Command::Inspect(_)
            | Command::Template(TemplateCommand::List | TemplateCommand::Show(_))
            | Command::Timestamp(TimestampCommand::Verify(_)) => {}
        }
    }

    fn read<P: AsRef<Path>>(&mut self, paths: impl IntoIterator<Item = P>) {
        self.inputs.extend(paths.into_iter().map(|path| path.as_ref().to_path_buf()));
    }

    fn write(&mut self, path: Option<&Path>) {
        self.output = path.map(Path::to_path_buf);
    }

    fn show(&mut self, path: Option<&Path>) {
        self.page = path.map(Path::to_path_buf);
    }

    /// A log that may be a folder: its own files, and not what else may lie beside them.
    fn log<'l>(&mut self, places: impl IntoIterator<Item = &'l String>) {
        for place in places {
            self.read(["checkpoint", "tile"].map(|name| Path::new(place).join(name)));
        }
    }

    fn policy(&mut self, policy: &PolicyArgs) {
        let PolicyArgs { policy, unrelated_to: _, parties } = policy;
        self.read(policy);
        self.read(parties);
    }

    fn dossier(&mut self, dossier: &Dossier) {
        let Dossier { policy, pins, source_keys, lot_keys, units, log, tsa_ca } = dossier;
        self.policy(policy);
        self.read(pins);
        self.read(source_keys);
        self.read(lot_keys);
        self.read(units);
        self.log(log);
        self.read(tsa_ca);
    }

    fn audit(&mut self, audit: &Audit) {
        let Audit { log, policy, source_keys, from, state, entries: _ } = audit;
        self.log([log]);
        self.policy(policy);
        self.read(source_keys);
        self.read(from);
        self.write(state.as_deref());
    }

    fn bundle(&mut self, make: &BundleMake) {
        let BundleMake { folder, out, policy, pins, notes, timestamps, log } = make;
        self.read([folder]);
        self.read(policy);
        self.read(pins);
        self.read(notes);
        self.read(timestamps);
        self.log(log);
        self.write(Some(out));
    }

    fn challenge(&mut self, make: &ChallengeMake) {
        let ChallengeMake { range, note, count: _, out, dossier } = make;
        self.read([range, note]);
        self.dossier(dossier);
        self.write(Some(out));
    }

    fn prove_consistency(&mut self, prove: &ProveConsistency) {
        let ProveConsistency { from, to, log, policy, out } = prove;
        self.read([from]);
        // The word, and no file.
        self.read((to != "latest").then_some(to));
        self.log([log]);
        self.policy(policy);
        self.write(out.as_deref());
    }

    fn prove_inclusion(&mut self, prove: &ProveInclusion) {
        let ProveInclusion { index: _, leaf: _, entry, log, policy, out, checkpoint, size: _ } =
            prove;
        self.read(entry);
        self.log([log]);
        self.policy(policy);
        self.read(checkpoint);
        self.write(out.as_deref());
    }

    fn reconcile(&mut self, reconcile: &Reconcile) {
        let Reconcile {
            units,
            bundles,
            policy,
            pins,
            source_keys,
            lot_keys,
            log,
            all: _,
            csv,
            report,
            accept: _,
            strict: _,
            good: _,
            bad: _,
        } = reconcile;
        self.read([units]);
        self.read(bundles);
        self.policy(policy);
        self.read(pins);
        self.read(source_keys);
        self.read(lot_keys);
        self.log(log);
        self.write(csv.as_deref());
        self.show(report.as_deref());
    }

    fn template(&mut self, fill: &TemplateFill) {
        let TemplateFill { name: _, bundle, policy, pins, source_keys, parties, tsa_ca, out } =
            fill;
        self.read([bundle, policy]);
        self.read(pins);
        self.read(source_keys);
        self.read(parties);
        self.read(tsa_ca);
        self.write(out.as_deref());
    }

    fn timestamp(&mut self, request: &TimestampRequest) {
        let TimestampRequest { checkpoint, out } = request;
        self.read([checkpoint]);
        self.write(Some(out));
    }

    fn verify(&mut self, verify: &Verify) {
        let Verify {
            what,
            receipt,
            files,
            disclosure,
            entry,
            policy,
            pins,
            source_keys,
            after,
            consistency,
            log,
            all_fields: _,
            report,
        } = verify;
        match what {
            Some(VerifyWhat::Range(range)) => return self.verify_dossier(range),
            // These write nothing.
            Some(VerifyWhat::Consistency(_) | VerifyWhat::Split(_)) => return,
            None => {}
        }
        self.read(receipt);
        self.read(files);
        self.read(disclosure);
        self.read(entry);
        self.policy(policy);
        self.read(pins);
        self.read(source_keys);
        self.read(after);
        self.read(consistency);
        self.log(log);
        self.show(report.as_deref());
    }

    fn verify_dossier(&mut self, verify: &VerifyDossier) {
        let VerifyDossier { path, dossier, report } = verify;
        self.read([path]);
        self.dossier(dossier);
        self.show(report.as_deref());
    }

    /// Of the folders only the state's own name is written; what a split leaves has a name of its own.
    fn watch(&mut self, watch: &Watch) {
        let Watch { log, policy, state, witnesses: _, evidence: _, once: _, interval: _ } = watch;
        self.log([log]);
        self.policy(policy);
        self.write(Some(state));
    }
}
