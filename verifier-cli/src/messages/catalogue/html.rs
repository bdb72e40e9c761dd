//! The sentences of the report for people: name, code for machines, English, Chinese.
//!
//! They are for readers who are neither engineers nor cryptographers: a word of the trade is explained where
//! it first stands, and no sentence says more than was checked.

use super::super::Message;

catalogue! {
    // The program's own words, in the terminal and on its page.
    BundleCopyAgain = "bundle-copy-again", "Damaged on its way, or changed: this cannot tell which. Download or copy it again, or ask for the original file",
        "可能在传送途中损坏，也可能被改动：无法分辨。请重新下载或复制，或索要原始文件";
    LookHeading = "look", "Look at this:", "请留意：";
    MeansBoards = "means-boards", "The evidence holds. That does not say that the boards are good.",
        "证据成立；这不表示电路板合格。";
    MeansReceipt = "means-receipt", "A receipt only: no report was compared.", "只有回执：未比对任何报告。";
    OpenFilesGiven = "open-files-given",
        "the files of {0} records: they were not given (records {1})", "{0} 条记录的文件：未提供（第 {1} 号记录）";
    OwnSoundAll = "own-sound-all",
        "{1}: records (of any kind, not each an inspection) were found for all {3} of your units: {0}. Each of them is shown",
        "{1}：您的 {3} 个单元都找到了记录（任何种类，未必是检测），共 {0} 条，均已出示";
    VerdictAgain = "verdict-again", "Verdict: {0}", "结论：{0}";
    VerdictAgainBoards = "verdict-again-boards",
        "Verdict: {0}. That does not say that the boards are good",
        "结论：{0}；这不表示电路板合格";
    WhyHeading = "why", "What it rests on:", "依据：";
    ReportSays = "report-says", "This report says: {0}", "该报告称：{0}";

    // The program's own words about the page.
    HtmlVerdictWas = "html-verdict-was", "The verdict itself was: {0}", "结论本身为：{0}";
    LabelFieldsMore = "fields-more", "more opened fields, not listed here (see --all-fields)",
        "此处未列出的其他已披露字段数（见 --all-fields）";
    LabelReport = "report", "report for people", "供人阅读的报告";

    // The verdict.
    HtmlTitle = "html-title", "Verification report", "验证报告";
    HtmlMeansRejected = "html-means-rejected",
        "What was handed over is not what was recorded, or does not belong together. Do not rely on it.",
        "所提交的内容与当初的记录不符，或彼此不相属。请勿采信。";
    HtmlMeansAbsent = "html-means-absent",
        "What was shown holds, and accuses nobody. Ask for what is missing before you rely on the whole.",
        "所出示的内容成立，并不指控任何人。采信全部之前，请索取所缺的内容。";
    HtmlLook = "html-look", "Look at this", "请留意";
    HtmlMeansDamaged = "html-means-damaged",
        "Damaged on its way, or changed: this cannot tell which. Download or copy it again, or ask for the original file, and do not rely on it until then.",
        "可能在传送途中损坏，也可能被改动：无法分辨。请重新下载或复制，或索要原始文件；在此之前请勿采信。";
    HtmlMeansMisfit = "html-means-misfit",
        "What was handed over does not fit the policy, pins or keys that you gave. Check first that you took the right files. If you did, it is not what was agreed: of another log or source, or less confirmed, or with gaps. Do not rely on it then.",
        "所提交的内容与您给出的策略、信任锚点（pins）或密钥不符。请先确认文件没有拿错。若没有拿错，则它不符合约定：来自其他日志或来源、确认不足或有缺口，此时请勿采信。";
    HtmlMeansUndecided = "html-means-undecided",
        "Nothing was found to be wrong, and nothing was shown to be right: something needed could not be read or was not given.",
        "既未发现错误，也未证明属实：所需的内容无法读取或未提供。";
    HtmlMeansVerified = "html-means-verified",
        "Everything that was checked holds. What it rests on, and what was not checked, is listed below.",
        "已检查的各项均成立。其依据以及未检查的内容列于下方。";
    HtmlNotChecked = "html-not-checked", "What was not checked", "未检查的内容";
    HtmlNotCheckedMeans = "html-not-checked-means",
        "The verdict says nothing about these points. Judge for yourself whether they matter here.",
        "结论不涉及以下各点。它们在此是否重要，请自行判断。";
    HtmlNothingShown = "html-nothing-shown",
        "The check ended at the reason above. Nothing after it was checked, and nothing that the evidence says is shown here: no boards, no pictures, no times.",
        "检查止于上述原因，其后均未检查。此处不展示证据的任何内容：没有电路板、没有图、没有时间。";
    HtmlRestsOn = "html-rests-on", "What the verdict rests on", "结论的依据";
    HtmlWhyRejected = "html-why-rejected", "Why it was rejected", "不通过的原因";
    HtmlWhyUndecided = "html-why-undecided", "Why nothing could be told", "无法判定的原因";

    // Witnesses.
    HtmlNo = "html-no", "no", "否";
    HtmlNoWitnesses = "html-no-witnesses", "The policy asks for no witness, and none is counted.",
        "策略未要求见证者，故未计入任何见证者。";
    HtmlNotAsked = "html-not-asked", "not asked", "未要求";
    HtmlWitness = "html-witness", "Witness", "见证者";
    HtmlWitnessKey = "html-witness-key", "Kind of signature", "签名类型";
    HtmlWitnessTime = "html-witness-time", "Signed at (its clock)", "签署时间（其时钟）";
    HtmlWitnessUnrelated = "html-witness-unrelated", "Unrelated to the parties you named", "与您所指各方无关";
    HtmlWitnesses = "html-witnesses", "Who witnessed the log", "日志的见证者";
    HtmlWitnessesMean = "html-witnesses-mean",
        "A witness signs the state of the log only if nothing in it was changed or removed since it last looked. Names are those of your own policy.",
        "见证者只有在日志自其上次查看以来未被更改或删除时才签署其状态。名称取自您自己的策略。";
    HtmlYes = "html-yes", "yes", "是";

    // Boards and their chains.
    HtmlAbout = "html-about", "about no. {0}", "针对第 {0} 项";
    HtmlAboutElsewhere = "html-about-elsewhere", "about a report that is not shown here ({0}...)",
        "针对此处未出示的报告（{0}…）";
    HtmlAbsent = "html-absent", "none stated", "未申明";
    HtmlAlsoCalled = "html-also-called", "Names in the records: {0}", "记录中的名称：{0}";
    HtmlAttempt = "html-attempt", "attempt {0}", "第 {0} 次";
    HtmlBoardColumn = "html-board-column", "Board or panel", "单板或拼板";
    HtmlBoardCount = "html-board-count",
        "Boards or panels named in the opened records: {0}. Verdicts are the machine's or the person's own words.",
        "已披露的记录涉及 {0} 块单板或拼板。判定均为机器或人员的原话。";
    HtmlBoardTitle = "html-board-title", "Board {0}: {1}", "板 {0}：{1}";
    HtmlBoards = "html-boards", "The boards", "电路板";
    HtmlClaimed = "html-claimed", "Time claimed in the file", "文件自称的时间";
    HtmlEvidenceEnclosed = "html-evidence-enclosed",
        "file enclosed, unchanged since it was logged ({0}...)", "文件已附上，自记入日志以来未改动（{0}…）";
    HtmlEvidenceMissing = "html-evidence-missing", "file not enclosed ({0}...)", "文件未附上（{0}…）";
    HtmlFollows = "html-follows", "logged after no. {0}", "记入日志在第 {0} 项之后";
    HtmlFollowsElsewhere = "html-follows-elsewhere", "logged after a report that is not shown here ({0}...)",
        "记入日志在此处未出示的报告之后（{0}…）";
    HtmlHidden = "html-hidden", "not opened", "未披露";
    HtmlInFull = "html-in-full",
        "The first {0} are shown in full below; {1} more are left out of this page and are in the bundle. Boards on which something was found come first. To see the board in dispute in full, name it in a list: --units FILE puts its boards before all others.",
        "以下完整展示前 {0} 块；另有 {1} 块未列入本页，见证据包。曾判不良的板在前。要完整查看有争议的板，请将其列入清单：--units 所给文件中的板排在最前。";
    HtmlKindAoi = "html-kind-aoi", "optical inspection", "光学检测";
    HtmlKindAttachment = "html-kind-attachment", "attachment", "附件";
    HtmlKindCertificate = "html-kind-certificate", "reflow profile", "炉温曲线";
    HtmlKindClosing = "html-kind-closing", "daily closing", "日结";
    HtmlKindOutage = "html-kind-outage", "outage", "中断";
    HtmlKindOven = "html-kind-oven", "oven data", "回流炉数据";
    HtmlKindProgram = "html-kind-program", "program or limits", "程序或限值";
    HtmlKindRepair = "html-kind-repair", "repair", "维修";
    HtmlKindReview = "html-kind-review", "review by a person", "人工复判";
    HtmlKindSpi = "html-kind-spi", "paste inspection", "锡膏检测";
    HtmlLate = "html-late", "logged late: {0}", "记入日志较迟：{0}";
    LateSealed = "late-sealed", "sealed {0} after it was seen", "看到之后 {0}才封入声明";
    LateSeen = "late-seen", "seen {0} after the time that it claims", "自称的时间之后 {0}才被看到";
    SpanDays = "span-days", "{0} d {1} h", "{0} 天 {1} 小时";
    SpanHours = "span-hours", "{0} h {1} min", "{0} 小时 {1} 分钟";
    SpanMinutes = "span-minutes", "{0} min {1} s", "{0} 分钟 {1} 秒";
    SpanSeconds = "span-seconds", "{0} s", "{0} 秒";
    HtmlLateness = "html-lateness", "When the records were logged", "记录何时记入日志";
    HtmlLeftOut = "html-left-out", "{0} more are left out of this page.", "另有 {0} 项未列入本页。";
    HtmlLongEnough = "html-long-enough", "This page is long enough: no further pictures are drawn for this board.",
        "本页篇幅已足：不再为此板绘图。";
    HtmlMachineFailed = "html-machine-failed", "a machine said failed", "机器曾判不良";
    HtmlMachineVerdict = "html-machine-verdict", "Inspection (AOI), last verdict as stated", "检测（AOI）的最后判定（原话）";
    HtmlNoBoards = "html-no-boards", "No record about a board is opened.", "没有披露任何关于电路板的记录。";
    HtmlNoneShown = "html-none-shown", "none shown", "未出示";
    HtmlNoneShownFor = "html-none-shown-for", "none shown for {0}", "未出示：{0}";
    HtmlTitleFailed = "html-title-failed", "{0} (failed)", "{0}（有不良）";
    HtmlTitleInspected = "html-title-inspected", "{0} (failed, then passed inspection)",
        "{0}（曾判不良，后检测通过）";
    HtmlTitleRepaired = "html-title-repaired", "{0} (failed, then repaired)", "{0}（曾判不良，后维修）";
    HtmlTitleReviewed = "html-title-reviewed", "{0} (failed, then passed review)",
        "{0}（曾判不良，后复判通过）";
    HtmlTitleLacking = "html-title-lacking", "{0} (no inspection shown)", "{0}（未出示检测）";
    HtmlNotAfter = "html-not-after", "Log entry made by", "日志条目不晚于";
    HtmlNotBefore = "html-not-before", "Log entry made after", "日志条目作于此时之后";
    HtmlNumber = "html-number", "No.", "序号";
    HtmlOvenVerdict = "html-oven-verdict", "Oven, as stated", "回流炉（原话）";
    HtmlOverridden = "html-overridden", "a review overrode the machine", "复判推翻了机器的判定";
    HtmlPasteVerdict = "html-paste-verdict", "Paste inspection (SPI), last as stated", "锡膏检测（SPI）的最后判定（原话）";
    HtmlPersonVerdict = "html-person-verdict", "Review or repair, last as stated", "复判或维修的最后判定（原话）";
    HtmlRecords = "html-records", "Records", "记录数";
    HtmlReplaces = "html-replaces", "replaces no. {0}", "取代第 {0} 项";
    HtmlReplacesElsewhere = "html-replaces-elsewhere", "replaces a file that is not shown here ({0}...)",
        "取代此处未出示的文件（{0}…）";
    HtmlSeen = "html-seen", "Seen by the agent", "采集程序所见时间";
    HtmlStatementRecord = "html-statement-record", "{0}, statement {1}, record {2}", "{0}，声明 {1}，记录 {2}";
    HtmlTitlePanel = "html-title-panel", "panel {0}: {1}", "拼板 {0}：{1}";
    HtmlTitleUnit = "html-title-unit", "{0} (panel {1})", "{0}（拼板 {1}）";
    HtmlUnknown = "html-unknown", "not shown", "未出示";
    HtmlUnnamed = "html-unnamed", "(no name opened)", "（未披露名称）";
    HtmlVerdictBefore = "html-verdict-before", "verdict before: {0}", "此前的判定：{0}";
    HtmlVerdictStated = "html-verdict-stated", "Verdict, as stated", "判定（原话）";
    HtmlVersion = "html-version", "version {0} of the file", "文件的第 {0} 版";
    HtmlWhat = "html-what", "Record", "记录";
    HtmlZoneOfTime = "html-zone-of-time", "zone: {0}", "时区：{0}";
    HtmlZoneUnknown = "html-zone-unknown", "zone not known", "时区未知";

    // The time line.
    HtmlTimeLegend = "html-time-legend",
        "Bar: between these two times it was stated and logged; a bar without a stop is open at that end. Diamond: the time the file claims. Circle: when the agent saw it. Only the bar rests on witnesses.",
        "横条：在这两个时间之间作出并记入日志；无竖线的一端未定。菱形：文件自称的时间。圆点：采集程序见到它的时间。只有横条以见证者为据。";
    HtmlTimeLine = "html-time-line", "Time line", "时间线";
    HtmlTimeNotPlaced = "html-time-not-placed",
        "A claimed time that is not opened, or whose zone or form is not stated, is not drawn.",
        "未披露、或未写明时区或格式的自称时间不予绘出。";

    // Inspections.
    HtmlBoardResult = "html-board-result", "board {0}: {1}", "板 {0}：{1}";
    HtmlCalled = "html-called", "called by the machine", "机器报出";
    HtmlConfidence = "html-confidence", "Confidence", "置信度";
    HtmlConfirmed = "html-confirmed", "confirmed by a person", "人工确认";
    HtmlDecision = "html-decision", "Decision", "处置";
    HtmlDefect = "html-defect", "Defect, as stated", "不良（原话）";
    HtmlArea = "html-area", "Area", "面积";
    HtmlDeposit = "html-deposit", "Deposit", "锡膏点";
    HtmlDeposits = "html-deposits", "{0} deposits of solder paste were measured; the file's own word for {1} of them is not good.",
        "共测量锡膏点 {0} 处；其中 {1} 处文件自身的判定为不良。";
    HtmlDepositsGood = "html-deposits-good", "{0} deposits of solder paste were measured; the file's own word is good for all of them.",
        "共测量锡膏点 {0} 处；文件自身的判定均为良好。";
    HtmlDepositsMean = "html-deposits-mean",
        "Figures as the file states them, in its own units: measured / expected. The file states no limits; which deposit is bad is its own word.",
        "数值为文件原文，单位从文件：实测 / 应有。文件未载限值；何者不良以其自身的判定为准。";
    HtmlHeight = "html-height", "Height", "高度";
    HtmlOffset = "html-offset", "Offset x, y", "偏移 x, y";
    HtmlVolume = "html-volume", "Volume", "体积";
    HtmlDesignator = "html-designator", "Part", "位号";
    HtmlFalseCall = "html-false-call", "false call", "误报";
    HtmlLookedAt = "html-looked-at", "{0} places looked at", "检查 {0} 处";
    HtmlNoCalls = "html-no-calls", "The file lists no defect.", "文件中未列出不良。";
    HtmlNoPlaces = "html-no-places",
        "Not drawn: the file gives no positions that could be placed, and the inspection program that the record names is not enclosed.",
        "未绘图：文件没有可定位的坐标，且未附上该记录所指的检测程序。";
    HtmlNoOutline = "html-no-outline",
        "Not drawn: no outline of the board is known, since the inspection program that the record means is not enclosed, and places that do not lie apart show nothing without one. They are in the table.",
        "未绘图：不知单板的外形，因为未附上该记录所指的检测程序；各位置又未散开，无外形则图无意义。坐标见表。";
    HtmlPanelBox = "html-panel-box",
        "Board {0}, seen from above. The outline is not known here: the dashed frame is the box around the defects, {1} x {2} mm.",
        "板 {0}，俯视。此处不知其外形：虚线框仅为包围各不良的范围，{1} × {2} mm。";
    HtmlPanelNamed = "html-panel-named",
        "The panel, seen from above, {0} x {1} mm; outline, boards and parts from {2}, the only inspection program of this name that is shown. The record names it by its name alone.",
        "拼板俯视，{0} × {1} mm；外形、单板及元件取自 {2}，即所出示的唯一同名检测程序。该记录仅以名称指明它。";
    HtmlPanelOutline = "html-panel-outline",
        "The panel, seen from above, {0} x {1} mm; outline, boards and parts from the enclosed inspection program that the record names.",
        "拼板俯视，{0} × {1} mm；外形、单板及元件取自所附的、该记录所指的检测程序。";
    HtmlPanelTitle = "html-panel-title", "Defects at their positions", "不良的位置";
    HtmlPictureOf = "html-picture-of", "No. {0}, {1}: what the file shows", "第 {0} 项，{1}：文件所示";
    HtmlPlace = "html-place", "x, y in mm", "坐标 x, y（mm）";
    HtmlPlaceNone = "html-place-none", "none in the file", "文件中没有";
    HtmlPlaceOfProgram = "html-place-of-program", "{0} (program)", "{0}（取自程序）";
    HtmlSomePlaces = "html-some-places", "{0} of {1} defects are drawn; for the others no position could be found, or no outline is known.",
        "{1} 个不良中绘出 {0} 个；其余没有可用的坐标，或不知其外形。";
    HtmlTooLarge = "html-too-large", "Not drawn: the file is larger than this program reads for a picture.",
        "未绘图：文件超出本程序为绘图而读取的大小。";
    HtmlUnread = "html-unread",
        "Not drawn: this program does not read files of this form, or the file breaks its form. The file itself is unchanged since it was logged.",
        "未绘图：本程序不读取这种格式，或文件不合其格式。文件本身自记入日志以来未改动。";

    // Profiles.
    HtmlAbove = "html-above", "Above 217 C, s", "217 °C 以上时间，秒";
    HtmlComputed = "html-computed", "computed", "计算";
    HtmlComputedHow = "html-computed-how",
        "Stated: as the file has it. Computed: by this program from the curve; ramp and fall are the steepest over 10 s, soak is the time from 150 to 200 C before the peak. A triangle marks what lies outside of the window; the verdict is the maker's all the same.",
        "所述：文件原文。计算：本程序由曲线算得；升温与降温取 10 秒内最陡者，恒温为峰值前 150 至 200 °C 的时间。三角标出超出窗口者；判定仍以厂商所述为准。";
    HtmlCurveLegend = "html-curve-legend",
        "Temperature in degrees Celsius over seconds. The numbers on the lines are the thermocouples of the table. Where samples are missing the line is broken.",
        "温度（°C）随时间（秒）的变化。线上的数字对应表中的热电偶。缺少样本处断线。";
    HtmlCurveTitle = "html-curve-title", "Reflow profile", "炉温曲线";
    HtmlCurveWindow = "html-curve-window", "window of the peak", "峰值窗口";
    HtmlFall = "html-fall", "Fall, C/s", "降温斜率，°C/秒";
    HtmlLane = "html-lane", "Lane", "轨道";
    HtmlMissingCells = "html-missing-cells", "{0} cells of the file hold no number: {1}",
        "文件中有 {0} 个单元格不是数字：{1}";
    HtmlNoCurve = "html-no-curve",
        "No curve is drawn: the file is not enclosed, holds none, or is of a form that this program does not read.",
        "未绘曲线：文件未附上、不含曲线，或其格式本程序不读取。";
    HtmlNotComputable = "html-not-computable", "not computable", "无法计算";
    HtmlOtherFigure = "html-other-figure", "Also stated, and not computed here: {0}: {1}", "另有所述、此处未计算：{0}：{1}";
    HtmlOven = "html-oven", "Oven", "回流炉";
    HtmlPeak = "html-peak", "Peak, C", "峰值，°C";
    HtmlProfileElsewhere = "html-profile-elsewhere",
        "No. {0} names the reflow profile in force, which is not shown here ({1}...).",
        "第 {0} 项所指的有效炉温曲线此处未出示（{1}…）。";
    HtmlProfileInForce = "html-profile-in-force", "No. {0}: by order of logging, the reflow profile in force was profile {1}, below. The file's own time is {2}; the profile says that it is valid from {3}.",
        "第 {0} 项：按记入日志的先后，当时有效的炉温曲线为下文的曲线 {1}。该文件自称的时间为 {2}；曲线自称的有效期始于 {3}。";
    HtmlProfileTitle = "html-profile-title", "Profile {0}: {1}", "曲线 {0}：{1}";
    HtmlProfiles = "html-profiles", "Reflow profiles", "炉温曲线";
    HtmlProfilesMean = "html-profiles-mean",
        "A profile run sends a board with thermocouples through the oven. Its process window index (PWI) and verdict are the maker's own and are not computed again.",
        "测温是让带热电偶的测温板过炉。其工艺窗口指数（PWI）与判定均为厂商所述，不再计算。";
    HtmlPwi = "html-pwi", "PWI, as stated", "PWI（原话）";
    HtmlRamp = "html-ramp", "Ramp, C/s", "升温斜率，°C/秒";
    HtmlReading = "html-reading", "Read, C", "实测，°C";
    HtmlRecipe = "html-recipe", "Recipe", "炉温程序";
    HtmlSetpoint = "html-setpoint", "Set, C", "设定，°C";
    HtmlSoak = "html-soak", "Soak, s", "恒温时间，秒";
    HtmlStated = "html-stated", "stated", "所述";
    HtmlStatedLines = "html-stated-lines", "Stated in the file", "文件所述";
    HtmlThermocouple = "html-thermocouple", "Thermocouple", "热电偶";
    HtmlValidFrom = "html-valid-from", "Valid from, as stated", "有效期始（原话）";
    HtmlValidUntil = "html-valid-until", "Valid until, as stated", "有效期止（原话）";
    HtmlWindowInFile = "html-window-in-file", "The limits are those in the profile's own file.",
        "限值取自曲线文件本身。";
    HtmlWindowInRecipe = "html-window-in-recipe",
        "The limits are those of the enclosed oven recipe whose window has the same name: {0}.",
        "限值取自所附的、窗口名称相同的炉温程序：{0}。";
    HtmlWindowName = "html-window-name", "Process window", "工艺窗口";
    HtmlWindowUnknown = "html-window-unknown",
        "The window's limits are in no enclosed file and are not drawn. The lines at 150, 200 and 217 C are those that the computed figures are taken at.",
        "所附文件均无窗口限值，故未绘出。150、200 与 217 °C 处的线是计算所用的温度。";
    HtmlZone = "html-zone", "Zone", "温区";
    HtmlDifference = "html-difference", "Difference", "差";
    HtmlZoneOther = "html-zone-other", "{0}: set {1}, read {2}", "{0}：设定 {1}，实测 {2}";
    HtmlZoneOthers = "html-zone-others", "Also, in the file's words", "其他（文件原文）";
    HtmlZonePlace = "html-zone-place", "Where", "部位";
    HtmlZonesAsThere = "html-zones-as-there",
        "The oven was set as before: what was set in each zone is in the table of board {0}, no. {1}. Below is what was read of this board.",
        "炉子设定同前：各温区的设定见板 {0} 第 {1} 项的表。下为此板的实测值。";
    HtmlZonesLegend = "html-zones-legend",
        "Zone by zone, degrees Celsius: a bar is what was set, a dot what was read; places of a zone stand beside each other, in the order of the table.",
        "逐个温区，°C：横线为设定，圆点为实测；同一温区的各部位并列，顺序同下表。";
    HtmlZonesTitle = "html-zones-title", "Temperatures of the oven's zones", "各温区的温度";
    HtmlZoneKind = "html-zone-kind", "Kind", "类型";

    // Everything else.
    HtmlDetails = "html-details", "Details, as the program prints them", "细节（与程序输出相同）";
    HtmlFile = "html-file", "File", "文件";
    HtmlMadeAt = "html-made-at", "Made at {0} by this machine's clock, which nobody has witnessed.",
        "生成于 {0}，以本机时钟为准，无人见证。";
    HtmlOthers = "html-others", "Other records", "其他记录";
    HtmlPageIsNoEvidence = "html-page-is-no-evidence",
        "This page is no evidence: anybody can write one. Whoever doubts it runs the command above over the same files, or checks by hand as HOW-TO-VERIFY.txt in a bundle says.",
        "本页不是证据：任何人都能写出这样一页。如有疑问，请对相同文件运行上述命令，或按证据包中的 HOW-TO-VERIFY.txt 手工检查。";
    HtmlRunLog = "html-run-log", "How this page was made", "本页如何生成";
    HtmlSays = "html-says", "It says", "内容";
    HtmlVersionOf = "html-version-of", "Verifier: fiducial {0}", "验证程序：fiducial {0}";
}
