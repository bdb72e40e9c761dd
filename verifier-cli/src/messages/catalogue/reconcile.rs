//! Sentences of `fiducial reconcile`. Codes of findings are the names in `spec/text/reconcile.md`.

use crate::messages::Message;

catalogue! {
    // The verdict, where the evidence holds and says that something is wrong.
    NotInOrder = "not-in-order", "NOT IN ORDER", "有问题";
    EvidenceHolds = "evidence-holds",
        "the evidence that was shown holds; what it shows is not in order",
        "所出示的证据成立，而其内容有问题";

    NoUnitRed = "no-unit-red",
        "no unit is red; whether what is amber is acceptable is for you to say",
        "没有红色单元；黄色者是否可以接受由您决定";

    // Units.
    UnitsCounted = "units-counted",
        "{0} units shipped: {1} GREEN, {2} AMBER, {3} RED, {4} COULD NOT TELL",
        "出货 {0} 个单元：绿 {1}，黄 {2}，红 {3}，无法判定 {4}";
    UnitsMore = "units-more", "and {0} more that need attention: --csv writes all of them",
        "另有 {0} 个需关注：--csv 可写出全部";
    UnitGreen = "unit-green", "GREEN           {0}", "绿        {0}";
    UnitAmber = "unit-amber", "AMBER           {0}", "黄        {0}";
    UnitUnknown = "unit-unknown", "COULD NOT TELL  {0}", "无法判定  {0}";
    LookRed = "look-red", "{0} of your {1} units are red: {2}", "您的 {1} 个单元中有 {0} 个为红色：{2}",
        "{0} of your {1} units is red: {2}";
    UnitRed = "unit-red", "RED             {0}", "红        {0}";
    ColourAmber = "colour-amber", "AMBER", "黄";
    ColourGreen = "colour-green", "GREEN", "绿";
    ColourRed = "colour-red", "RED", "红";
    ColourUnknown = "colour-unknown", "COULD NOT TELL", "无法判定";
    AtRecord = "at-record", "{0} statement {1} record {2}", "{0} 第 {1} 号声明第 {2} 号记录";
    AtStatement = "at-statement", "{0} statement {1}", "{0} 第 {1} 号声明";

    // Counters.
    SourceCounted = "source-counted",
        "{0}: statements {1} to {2} count {3} records without a gap",
        "{0}：第 {1} 至 {2} 号声明连续计有 {3} 条记录";
    SourceClosings = "source-closings", "{0} closings compared", "比对了 {0} 次日结";
    SourceOutages = "source-outages", "{0} outages stated", "申明中断 {0} 次";
    ClosingDiffers = "closing-differs",
        "RED             {0}: the closing in statement {1} counts {2} records of its day, the headers count {3}",
        "红        {0}：第 {1} 号声明的日结称当日有 {2} 条记录，而各批次表头合计为 {3} 条";

    // Findings.
    FoundAgain = "found-again", "inspected {0} times with {1} repairs, although no look before the last one failed",
        "检测 {0} 次、维修 {1} 次，而最后一次之前并无不良";
    FoundAttemptsNotShown = "found-attempts-not-shown",
        "attempts not shown: a report says it is number {0}, and number {1} is not shown",
        "有检测未出示：一份报告自称第 {0} 次，而第 {1} 次未出示";
    FoundBackdated = "found-backdated",
        "certificate backdated: it claims to have begun at {0}, and was first seen at {1}, behind panels that it would cover",
        "证书倒签：自称始于 {0}，却在 {1} 才首次出现，晚于其所涵盖的拼板";
    FoundBeforeNotShown = "found-before-not-shown",
        "a report replaces or judges another that is not shown", "一份报告取代或评判的另一份报告未出示";
    FoundCertificateEnded = "found-certificate-ended",
        "certificate not valid at the time: it had ended before", "当时证书无效：此前已终止";
    FoundCertificateFailed = "found-certificate-failed",
        "certificate not valid at the time: its own verdict is bad", "当时证书无效：其自身结论为不合格";
    FoundCertificateLate = "found-certificate-late",
        "certificate logged late: it claims to have begun at {0} and was first seen at {1}; its source states an outage between",
        "证书记入日志较迟：自称始于 {0}，{1} 才首次出现；其来源申明了其间的中断";
    FoundCertificateNotShown = "found-certificate-not-shown",
        "the certificate that it went through the oven under is not shown", "过炉时所依据的证书未出示";
    FoundCertificateOfAnother = "found-certificate-of-another",
        "certificate not valid at the time: it is of recipe {0}, and {1} ran", "当时证书无效：其配方为 {0}，而实际运行 {1}";
    FoundCertificateOutside = "found-certificate-outside",
        "certificate not valid at the time: the time lies outside of what it says of itself",
        "当时证书无效：该时间超出其自身所载的有效期";
    FoundEdited = "found-edited",
        "edited after first sight: the machine's report was written again, and calls are gone",
        "首次出现后被改动：机器的报告被重写，且缺陷减少";
    FoundFailed = "found-failed", "shipped although the last word on it is {0}", "最后结论为“{0}”却已出货";
    FoundFirstUnread = "found-first-unread",
        "the report's file was written again, and its first version could not be read", "报告文件被重写，且首个版本无法解读";
    FoundLate = "found-late", "logged late (the furthest {0}), {1} records", "记入日志较迟（最迟者：{0}），共 {1} 条记录";
    FoundLimits = "found-limits",
        "limits or program changed under the same revision: {0}, revision {1}", "限值或程序在同一版次下被更改：{0}，版次 {1}";
    FoundMissing = "found-missing",
        "missing: no report by an inspection machine, only {0}", "缺失：没有检测机的报告，只有{0}";
    FoundNoCertificate = "found-no-certificate",
        "no certificate was in force when it went through the oven", "过炉时没有有效的证书";
    FoundNoOven = "found-no-oven", "no oven reported its panel", "没有回流炉的过板记录";
    FoundNotOpened = "found-not-opened", "not opened: {0}", "未披露：{0}";
    FoundNoVerdict = "found-no-verdict", "no report says a verdict on it", "没有报告给出结论";
    FoundNoWord = "found-no-word",
        "{0} is no known verdict: say --good or --bad", "“{0}”不是已知的结论用词：请用 --good 或 --bad 说明";
    FoundNothing = "found-nothing", "missing: no record names it", "缺失：没有任何记录提到它";
    FoundOverride = "found-override",
        "review overrode the machine: bad by the machine, good by the review", "复判推翻机器：机器判不良，复判为良品";
    FoundPanelFailed = "found-panel-failed",
        "the last word on its panel is {0}; which board is meant is not said", "其拼板的最后结论为“{0}”；未说明是哪一块单板";
    FoundRewritten = "found-rewritten",
        "the machine's report was written again; no call is gone", "机器的报告被重写；缺陷没有减少";
    FoundTried = "found-tried",
        "inspected again without repair until it passed: {0} looks, {1} repairs", "未经维修反复检测：检测 {0} 次，维修 {1} 次";
    FoundTwice = "found-twice", "{0} times in the list", "在清单中出现 {0} 次";

    // The same without their values, where it is said of how many units each is found.
    ShortAgain = "short-again", "inspected again after repairs, although no look before the last one failed",
        "维修后重复检测，而最后一次之前并无不良";
    ShortAttempts = "short-attempts", "attempts not shown", "有检测未出示";
    ShortBackdated = "short-backdated", "certificate backdated", "证书倒签";
    ShortCertificateLate = "short-certificate-late", "certificate logged late", "证书记入日志较迟";
    ShortCertificateOfAnother = "short-certificate-of-another",
        "certificate not valid at the time: it is of another recipe", "当时证书无效：属于另一配方";
    ShortFailed = "short-failed", "shipped although the last word on it is bad", "最后结论不合格，却已出货";
    ShortLate = "short-late", "logged late", "记入日志较迟";
    ShortLimits = "short-limits", "limits or program changed under the same revision",
        "限值或程序在同一版次下被更改";
    ShortMissing = "short-missing", "missing: no report by an inspection machine", "缺失：没有检测机的报告";
    ShortNotOpened = "short-not-opened", "not opened", "未披露";
    ShortNoWord = "short-no-word", "its verdict is in no known word: say --good or --bad",
        "其结论用词不认识：请用 --good 或 --bad 说明";
    ShortPanelFailed = "short-panel-failed",
        "the last word on its panel is bad; which board is meant is not said",
        "其拼板的最后结论不合格；未说明是哪一块单板";
    ShortTried = "short-tried", "inspected again without repair until it passed", "未经维修反复检测，直至通过";
    ShortTwice = "short-twice", "several times in the list", "在清单中出现多次";

    // What is not in order, each said only where it is so.
    Wrong = "wrong", "The evidence that was shown holds; what it shows is not in order",
        "所出示的证据成立，而其内容有问题";
    WrongAmber = "wrong-amber", "{0} units are amber, and --strict asks for none",
        "{0} 个单元为黄色，而 --strict 要求没有";
    WrongCounters = "wrong-counters", "{0} sources contradict their own counters",
        "{0} 个来源与其自身的计数矛盾";
    WrongRed = "wrong-red", "{0} units are red", "{0} 个单元为红色";

    // On paper.
    HtmlAccepted = "html-accepted", "agreed to be normal (--accept), and not counted as amber",
        "约定为正常（--accept），不计为黄色";
    HtmlColour = "html-colour", "Colour", "颜色";
    HtmlCounted = "html-counted", "The sources' own counters", "各来源自身的计数";
    HtmlCountedMean = "html-counted-mean",
        "Every statement of a source counts on from the one before, and a closing says how many records its day held. A record that was taken out leaves a gap, or a closing that counts otherwise.",
        "来源的每份声明接续前一份计数，日结则载明当日的记录数。若取走一条记录，必留下缺口，或与日结的计数不符。";
    HtmlCountedNot = "html-counted-not",
        "No source is shown as a range, so that nothing is counted: records may have been left out.",
        "没有来源以区间出示，故未作计数：可能有记录未出示。";
    HtmlCounterClosings = "html-counter-closings", "Closings compared", "已比对的日结";
    HtmlCounterOutages = "html-counter-outages", "Outages stated", "申明的中断";
    HtmlCounterSource = "html-counter-source", "Source", "来源";
    HtmlCounterStatements = "html-counter-statements", "Statements", "声明";
    HtmlCounterSpan = "html-counter-span", "{0} to {1}, without a gap", "{0} 至 {1}，连续";
    HtmlCounts = "html-counts", "How the units stand", "总览";
    HtmlCsvHasAll = "html-csv-has-all", "All of them are in the table that --csv writes.", "全部内容见 --csv 所写的表格。";
    HtmlDelivery = "html-delivery", "Reconciliation of a delivery", "出货核对报告";
    HtmlDeliveryMeans = "html-delivery-means",
        "Units in the list of what was shipped: {0}. Each has the colour of the worst that the records show of it. What a colour rests on is listed unit by unit; what was not checked, behind the tables.",
        "出货清单中的单元数：{0}。每个单元的颜色取记录中所见最差者。颜色的依据逐个单元列出；未检查的内容列于各表之后。";
    HtmlFound = "html-found", "What was found, and the records that it rests on", "结果及其所依据的记录";
    HtmlFoundAtAll = "html-found-at-all", "What was found", "所见结果";
    HtmlFoundNothing = "html-found-nothing", "Nothing was found of any unit.", "各单元均无异常。";
    HtmlGreenUnits = "html-green-units", "Units of which nothing was found", "无异常的单元";
    HtmlGreenMeans = "html-green-means",
        "Each of these was inspected, its last word is good, and no rule finds anything in what is opened of it.",
        "这些单元均经检测，最后结论为良品，且在所披露的内容中没有规则发现异常。";
    HtmlLotColumn = "html-lot-column", "Lot", "批次";
    HtmlLotInspected = "html-lot-inspected", "Inspected", "已检测";
    HtmlLotShipped = "html-lot-shipped", "Shipped", "已出货";
    HtmlMeansNotTold = "html-means-not-told",
        "The evidence that was shown holds, and no unit is red. Of some, what would decide was not opened, or says nothing.",
        "所出示的证据成立，且没有红色单元。其中部分单元，足以判定的内容未披露或未作说明。";
    HtmlMeansNoRed = "html-means-no-red",
        "The evidence that was shown holds, and no unit is red. Whether what is amber is acceptable is for you to say. What was not checked is listed below.",
        "所出示的证据成立，且没有红色单元。黄色者是否可以接受由您决定。未检查的内容列于下方。";
    HtmlMoreFindings = "html-more-findings", "{0} more findings", "另有 {0} 项结果";
    HtmlMoreRecords = "html-more-records", "and {0} more records", "另有 {0} 条记录";
    HtmlShippedUnits = "html-shipped-units", "Unit by unit", "逐个单元";
    HtmlUnit = "html-unit", "Unit", "单元";
    HtmlUnitLot = "html-unit-lot", "lot {0}", "批次 {0}";
    HtmlUnitPanel = "html-unit-panel", "panel {0}", "拼板 {0}";
    HtmlUnitPosition = "html-unit-position", "position {0}", "位置 {0}";
    HtmlUnits = "html-units", "Units", "单元数";

    // What went wrong.
    NotAmber = "not-amber", "{0} is no amber finding; these are: {1}", "{0} 不是黄色结果；黄色结果有：{1}";
    SaidTwice = "said-twice",
        "{0} has signed two different statements {1}: both were shown", "{0} 签署了两份不同的第 {1} 号声明：二者均已出示";
    WordIsBoth = "word-is-both", "{0} cannot be both good and bad", "{0} 不能既是良品又是不良";

    // What was not checked.
    OpenNoiseTags = "open-noise-tags",
        "whether the maker hid a record of yours under a wrong mark; only a spot check at the maker's can show it",
        "是否有您的记录被错标隐藏；只有现场抽查能发现";
    OpenNoRange = "open-no-range",
        "{0}: whether all records of your units are shown: it is not shown as a range", "{0}：是否出示了您单元的全部记录：并非以区间出示";
    OpenOvens = "open-ovens", "reflow certificates: no oven reports a panel in what is shown", "回流焊证书：所出示的内容中没有回流炉的过板记录";
    OpenPrograms = "open-programs",
        "limits and programs: none is shown; `fiducial-agent disclose --context` opens them", "限值和程序：未出示；fiducial-agent disclose --context 可披露";
    OpenRevisions = "open-revisions",
        "{0} changes of programs or limits that state no revision", "{0} 次未载明版次的程序或限值更改";
    OpenSecondSource = "open-second-source",
        "a second source beside a machine that you have not pinned", "机器旁是否另有不在您信任锚点（pins）中的来源";
    OpenSuppressed = "open-suppressed",
        "attempts of which the machine left no report: nothing shows them", "机器没有留下报告的检测：无从发现";

    // Labels.
    LabelFinding = "finding", "units with", "涉及单元数";
    LabelLot = "lot-inspected", "lot: inspected / shipped", "批次：已检测/已出货";
}
