//! What is said of the caller's own units: the list of them, the keys of their lots, and what is found of them.

use crate::messages::Message;

catalogue! {
    // Found, and not found.
    OwnSound = "own-sound",
        "{1}: records (of any kind, not each an inspection) were found for {2} of your {3} units: {0}. Each of them is shown",
        "{1}：您的 {3} 个单元中有 {2} 个找到了记录（任何种类，未必是检测），共 {0} 条，均已出示";
    OwnNamed = "own-named", "opened records name {0} of your {1} units",
        "已披露的记录写明了您 {1} 个单元中的 {0} 个";
    OwnAbsent = "own-absent",
        "{0} of your {1} units are nowhere: {2}; what was shown holds, but not for them",
        "您的 {1} 个单元中有 {0} 个找不到：{2}；所出示的内容成立，但不涉及它们",
        "{0} of your {1} units is nowhere: {2}; what was shown holds, but not for it";
    OwnUnnamed = "own-unnamed", "NOT FOUND: your unit {0}: it was looked for, and no opened record names it",
        "未找到：您的单元 {0}：已查找，没有任何已披露的记录写明它";
    OwnWithout = "own-without",
        "NOT FOUND: {0}: your unit {1}: it was looked for, and no record carries a tag of it: another lot key, another spelling, or none was made",
        "未找到：{0}：您的单元 {1}：已查找，没有记录带有其标签：批次密钥不对、写法不同，或未作记录";
    OwnMissingMore = "own-missing-more", "NOT FOUND: {0} more of your units",
        "未找到：另有您的 {0} 个单元";
    OwnByPanel = "own-by-panel",
        "{0} of your {1} units are found by the panel alone: the records name the panel and not the board, so a record may be of a neighbour on the same panel",
        "您的 {1} 个单元中有 {0} 个仅凭拼板找到：记录写明的是拼板，而非单板，因此记录可能属于同一拼板上的相邻单板";
    OwnByPanelSome = "own-by-panel-some",
        "{0} of your {1} units are found by the panel alone: the records name the panel and not the board, so a record may be of a neighbour on the same panel: {2}",
        "您的 {1} 个单元中有 {0} 个仅凭拼板找到：记录写明的是拼板，而非单板，因此记录可能属于同一拼板上的相邻单板：{2}";
    OwnByListedPanel = "own-by-listed-panel",
        "{0} of your {1} units are found by the panel that your list gives for them, not by their serials",
        "您的 {1} 个单元中有 {0} 个是按您清单所给的拼板找到的，而非按序列号",
        "{0} of your {1} units is found by the panel that your list gives for it, not by its serial";
    OwnNotInspected = "own-not-inspected",
        "no report of an inspection machine (AOI) is shown for {0} of your {1} units: {2}; the delivery comparison (`fiducial reconcile`) judges that",
        "您的 {1} 个单元中有 {0} 个未出示检测机（AOI）的报告：{2}；由出货核对（`fiducial reconcile`）判定";

    // What kept the program from deciding.
    OwnNoneFound = "own-none-found",
        "none of your {0} units is found in what was shown: another lot key, another delivery, a machine that spells them differently, or one that knows only panels and a list without a column `panel`; if list and key are the right ones, nothing of your units was shown",
        "在所出示的内容中，您的 {0} 个单元一个也没有找到：批次密钥或出货批不对，或机器的写法不同，或机器只认拼板而清单没有 `panel`（拼板）列；若清单和密钥无误，则您的单元没有任何记录被出示";
    OwnFirstLine = "own-first-line",
        "the first line, `{0}`, was taken for a header. If it is a unit, put a header above it: known are serial, panel, position, lot",
        "首行 `{0}` 被当作表头。若它是单元，请在其上加一行表头：可识别的列名为序列号（serial）、拼板（panel）、位置（position）、批次（lot）";
    ListFirstLine = "list-first-line",
        "the first line of your list, {0}, is written as none of the others: it looks like a header. If it is one, name its columns as they are known here: serial, panel, position, lot",
        "您清单的首行 {0} 与其他各行写法不同：它像是表头。若确为表头，请改用可识别的列名：序列号（serial）、拼板（panel）、位置（position）、批次（lot）";
    ListHeader = "list-header",
        "the first line of the list, {0}, is in no record, and others are: it looks like a header that names no known column",
        "清单首行 {0} 在任何记录中都找不到，而其他行可以找到：它像是表头，却没有列名可识别";
    ListUnread = "list-unread",
        "I did not read these columns of your list: {0}. Known are serial, panel, position, lot: if one of them is meant, call it so",
        "您清单中的这些列未被读取：{0}。可识别的列名为序列号（serial）、拼板（panel）、位置（position）、批次（lot）：若其中有所指的列，请改用该列名";
    HintList = "hint-list",
        "A list has one serial a line, written as the machine writes it (capital and small letters are not the same), or is CSV with a header: serial, and panel, position, lot if you have them. Many machines read only the code of the panel: their records are found only by a column `panel`, with the number of the panel that each board was on; ask the maker for it.",
        "清单每行一个序列号，写法须与机器一致（区分大小写）；或为带表头的 CSV：序列号（serial），另可有拼板（panel）、位置（position）、批次（lot）。许多机器只读拼板的条码：其记录只能凭 `panel` 列（每块板所在拼板的号码）找到；请向工厂索取。";
    HintUnitsAlone = "hint-units-alone",
        "Single records name their units: give --units alone, and they are looked for by name.",
        "单条记录直接写明单元：只给出 --units，即按名称查找。";
    LotKeyNeedsRange = "lot-key-needs-range", "--lot-key is for ranges, and none is claimed here",
        "--lot-key 用于区间，而此处没有声称任何区间";
    LotKeyNeedsUnits = "lot-key-needs-units",
        "--lot-key finds nothing without the list of your units: give --units FILE as well, or leave out --lot-key",
        "没有您的单元清单，--lot-key 查不到任何记录：请一并用 --units 给出清单，或去掉 --lot-key";
    LotKeyFindsNothing = "lot-key-finds-nothing",
        "your lot key fits no tag that is shown, and {0}: statement {1}, record {2} names your unit {3}: the key may be of another lot or of another vault. If it is the right one, the maker has not tagged the records of your units, as was owed: what was left out, nobody can find, and nothing is proven for the maker",
        "您的批次密钥与所出示的任何标签都不相符，而 {0}：第 {1} 号声明的第 {2} 号记录写明了您的单元 {3}：密钥可能属于另一批次或另一保管库（vault）。若密钥无误，则工厂没有按约给您单元的记录加标签：遗漏了什么无人能够查出，工厂也没有证明任何事情";
    HintLotKeyFindsNothing = "hint-lot-key-finds-nothing",
        "Have the key of this lot confirmed in writing, and check again: until it fits, do not rely on this.",
        "请书面确认该批次的密钥后重新核验：在相符之前，请勿采信。";

    // What a verdict leaves open.
    OpenFirstLine = "open-first-line",
        "whether the first line of your list, {0}, is a header: it is in no record; known headers are serial, panel, position, lot",
        "您清单的首行 {0} 是否为表头：任何记录中都没有它；可识别的表头为序列号（serial）、拼板（panel）、位置（position）、批次（lot）";
    OpenNoise = "open-noise",
        "{0}: whether the maker hid a record of yours under a wrong mark; only a spot check at the maker's can show it",
        "{0}：是否有您的记录被错标隐藏；只有现场抽查能发现";
    OpenNoKey = "open-no-key",
        "{0}: whether all records of your units are shown: give --lot-key, by which their tags are found",
        "{0}：您单元的记录是否全部出示：请给出 --lot-key，以便按标签查找";
    OpenNoReader = "open-no-reader", "{0}: which records are yours: give --lot-key and --units",
        "{0}：哪些记录属于您：请给出 --lot-key 和 --units";
    OpenNotInspected = "open-not-inspected",
        "to look at: of {0} boards or panels named in what is shown, no report of an inspection machine (AOI) under that name is there for {1}: {2}",
        "请留意：所出示的内容写明的 {0} 个单板或拼板中，有 {1} 个在该名称下没有检测机（AOI）的报告：{2}";
    OpenReconcile = "open-reconcile",
        "whether each board was inspected, and what became of it: the delivery comparison (`fiducial reconcile`) judges that",
        "各块板是否经过检测、其后如何：由出货核对（`fiducial reconcile`）判定";
    OpenUnnamed = "open-unnamed",
        "{0}: {1} records that carry no tags and name no unit: which units they belong to, and what is in their files",
        "{0}：{1} 条没有标签、也未写明单元的记录：属于哪些单元，以及其文件的内容";

    // Labels.
    LabelOwnByPanel = "own-by-panel-unit", "your unit that is found by its panel alone (panel)", "仅凭拼板找到的您的单元（拼板）";
    LabelOwnMore = "own-more", "more records of yours, not listed here (see --json)", "此处未列出的您的其他记录数（见 --json）";
    LabelOwnRecord = "own-record", "your record (statement, record: units (panel))", "您的记录（声明号，记录号：单元（拼板））";
    OwnRecords = "own-records", "Records of your units:", "您单元的记录：";
}
