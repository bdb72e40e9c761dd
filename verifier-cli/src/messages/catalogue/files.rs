//! What is said of files: those that are not written, and those given in the wrong place.

use crate::messages::Message;

catalogue! {
    // What is not written.
    OutputNoFile = "output-no-file",
        "nothing is written to {0}: it is there and is no regular file (a link is not followed); name another file, or remove it yourself",
        "不写入 {0}：该处已有的不是普通文件（链接不予跟随）；请另指文件，或自行将其删除";
    OutputIsInput = "output-is-input",
        "nothing is written to {0}: it is the same file as {1}, which this command reads; name another file for what is written",
        "不写入 {0}：它与本命令所读取的 {1} 是同一个文件；请为输出另指文件";
    OutputInInput = "output-in-input",
        "nothing is written to {0}: it lies in the folder {1}, which this command reads; name a file outside of it for what is written",
        "不写入 {0}：它位于本命令所读取的文件夹 {1} 中；请将输出指到该文件夹之外";
    OutputTwice = "output-twice",
        "nothing is written: {0} and {1} are one place, and there are two files to write; name two places",
        "未写入任何内容：{0} 与 {1} 是同一处，而要写的文件有两个；请指定两处";
    FileThere = "file-there",
        "{0} is there already, and with other bytes: it may be evidence and is left as it is; name another file, or move that one away first",
        "{0} 已存在，且内容不同：它可能是证据，故保持原样；请另指文件，或先将其移走";

    // Pins, as they are inspected.
    KindPins = "pins", "pins", "信任锚点文件（pins）";
    LabelPinCadence = "pin-cadence", "seconds between two statements, at most", "两份声明的最长间隔（秒）";
    LabelPinFirst = "pin-first", "nothing may be missing from this statement on (number and leaf hash)",
        "自此声明起不得有缺（声明号与叶哈希）";

    // What was given in the wrong place, or without what belongs to it.
    FileWithoutDisclosure = "file-without-disclosure",
        "a report was given, and no disclosure that says which record it is of: give --disclosure FILE as well",
        "给出了报告，却没有给出说明它属于哪条记录的披露文件：请一并用 --disclosure 给出";
    OwnFilesUnreadable = "own-files-unreadable", "{0} of your own files are missing or cannot be read",
        "您自己的文件中有 {0} 个缺失或无法读取";
    GivenBundle = "given-bundle",
        "{0}, given as {1}, is a bundle: name the bundle first, and the file of your own behind {1}, as in: fiducial bundle verify BUNDLE --policy POLICY --pins PINS",
        "以 {1} 给出的 {0} 是证据包：请先写证据包，再在 {1} 之后写您自己的文件，例如：fiducial bundle verify 证据包 --policy 策略 --pins 锚点文件";
    BundleRepacked = "bundle-repacked",
        "Packed again, or changed: this cannot tell which. Ask for the original file.",
        "可能被重新打包，也可能被改动：无法分辨。请索要原始文件。";
    BundleDamaged = "bundle-damaged",
        "{0} is not whole, or not written as bundles are: {1}",
        "{0} 不完整，或写法不是证据包的写法：{1}";
    HintRepacked = "hint-repacked",
        "Packed again, or changed: this cannot tell which. Ask for the original file.",
        "可能被重新打包，也可能被改动：无法分辨。请索要原始文件。";
    HintPartOfBundle = "hint-part-of-bundle",
        "{0} is a part of an unpacked bundle: give its folder ({1})",
        "{0} 是解开的证据包的一部分：请给出其所在文件夹（{1}）";
    LooksDisclosure = "looks-disclosure",
        "{0} opens the records of a receipt: give it beside that, as in: fiducial verify RECEIPT --disclosure {0} --policy POLICY --pins PINS",
        "{0} 是回执的披露文件：请与回执一起给出，例如：fiducial verify 回执 --disclosure {0} --policy 策略 --pins 锚点文件";
    LooksKeys = "looks-keys", "{0} looks like keys of machines (sources): give it with --source-key",
        "{0} 看起来是机器（来源）的密钥：请用 --source-key 给出";
    LooksLotKey = "looks-lot-key", "{0} looks like a lot key, which is not shown: give it with --lot-key",
        "{0} 看起来是批次密钥，不予显示：请用 --lot-key 给出";
    LooksPins = "looks-pins", "{0} looks like pins: give it with --pins",
        "{0} 看起来是信任锚点文件（pins）：请用 --pins 给出";
    LooksPolicy = "looks-policy", "{0} looks like a policy: give it with --policy",
        "{0} 看起来是策略：请用 --policy 给出";
    LooksReceipt = "looks-receipt",
        "{0} is a receipt: `fiducial verify {0} --policy POLICY --pins PINS` verifies it",
        "{0} 是回执：请用 fiducial verify {0} --policy 策略 --pins 锚点文件 验证";
    LooksUnits = "looks-units", "{0} looks like a list of units: give it with --units",
        "{0} 看起来是单元清单：请用 --units 给出";
    OpenHiddenParts = "open-hidden-parts",
        "what is not opened: all {0} records are shown, and of some of them not every field",
        "未披露的内容：{0} 条记录均已披露，但其中有的并非全部字段";
    NotABundle = "not-a-bundle",
        "{0} is no bundle: one is a zip file that begins with bundle.json; was another file taken?",
        "{0} 不是证据包：证据包是以 bundle.json 开头的 zip 文件；文件是否拿错？";
    UseBundleVerify = "use-bundle-verify",
        "{0} is a bundle: `fiducial bundle verify {0}` verifies it, and `fiducial bundle explain {0}` says what it holds",
        "{0} 是证据包：请用 fiducial bundle verify {0} 验证，或用 fiducial bundle explain {0} 查看其内容";
    HintFileMissing = "hint-file-missing",
        "Check the name, and with `cd` that you are in its folder.",
        "请核对文件名，并用 `cd` 确认所在文件夹。";
    HintLotKey = "hint-lot-key",
        "It looks like a lot key, given where a file is asked for, and is not shown: write it into a file of its own and name that with --lot-key FILE.",
        "它像是批次密钥，却给在了应为文件的位置，故不予显示：请把它写入单独的文件，再用 --lot-key 给出该文件。";
}
