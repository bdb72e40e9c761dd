//! What is said of a log that goes on for another one.

use crate::messages::Message;

catalogue! {
    KindSuccession = "succession", "succession", "接续声明";
    LabelSucceeds = "succeeds", "goes on for the log", "所接续的日志";
    LabelSuccessor = "successor", "log that goes on", "接续的日志";
    LabelWhy = "why-ended", "why that log has ended", "该日志终止的原因";
    SuccessionSound = "succession-sound",
        "this log says that it goes on for {0}, which ended with {1} entries",
        "本日志声明它接续 {0}，后者终止于 {1} 条";
    SuccessionVouched = "succession-vouched", "{0} has signed the same", "{0} 也签署了同一声明";
    BadSuccession = "bad-succession",
        "entry 0 says that this log goes on for another one, and is not signed by this log: {0}",
        "第 0 条称本日志接续另一日志，但并无本日志的签名：{0}";
    BadOldSuccession = "bad-old-succession",
        "entry 0 carries a signature of {0} that does not hold",
        "第 0 条带有 {0} 的签名，但验证失败";
    OpenOldLog = "open-old-log",
        "{0}, the log before: receipts of it stand or fall by the policy for it",
        "此前的日志 {0}：其回执以针对该日志的策略为准";
    OpenOldLogSilent = "open-old-log-silent",
        "whether {0} says so as well: it has not signed, or the policy lists no key of it",
        "{0} 是否也如此声明：它未签名，或策略未列出它的密钥";
}
