//! What stands before the reasons of a verdict. The page has the same codes (`verifier-web/src/page/words/look.ts`).

use crate::messages::Message;

catalogue! {
    LookNowhere = "look-nowhere", "{0} of your {1} units are nowhere: {2}",
        "您的 {1} 个单元中有 {0} 个找不到：{2}", "{0} of your {1} units is nowhere: {2}";
    LookAskRecords = "look-ask-records",
        "In no record. Compare the spelling first; then ask the maker for their records",
        "任何记录中都没有。请先核对写法，再向工厂索取其记录";
    LookHeader = "look-header", "The first line, `{0}`, was taken for a header",
        "首行 `{0}` 被当作表头";
    LookNotInspected = "look-not-inspected", "{0} boards have no inspection report (AOI): {1}",
        "{0} 块电路板没有检测（AOI）报告：{1}", "{0} board has no inspection report (AOI): {1}";
    LookAskReport = "look-ask-report", "Ask the maker for them.", "请向工厂索要。",
        "Ask the maker for it.";
    LookNoReport = "look-no-report", "No inspection report (AOI) is among what is shown",
        "所出示的内容中没有检测（AOI）报告";
    LookFailed = "look-failed", "{0} boards failed at the machine and nobody passed them: {1}",
        "{0} 块电路板被机器判为不合格，无人复判通过：{1}",
        "{0} board failed at the machine and nobody passed it: {1}";
    LookRepaired = "look-repaired",
        "{0} boards failed at the machine and were repaired; no later inspection is shown: {1}",
        "{0} 块电路板被机器判为不合格，后经维修，未出示其后的检测：{1}",
        "{0} board failed at the machine and was repaired; no later inspection is shown: {1}";
    LookPassedByPerson = "look-passed-by-person",
        "{0} boards failed at the machine and were passed by a person: {1}",
        "{0} 块电路板被机器判为不合格，后由人员复判通过：{1}",
        "{0} board failed at the machine and was passed by a person: {1}";
    LookUnfollowed = "look-unfollowed",
        "{0} boards failed at the machine; what became of them is in their records alone: {1}",
        "{0} 块电路板被机器判为不合格；其后如何，请见各自的记录：{1}",
        "{0} board failed at the machine; what became of it is in its records alone: {1}";
    LookLate = "look-late",
        "The files whose time can be read say {0}; by the same clock they were logged only on {1}, {2} days later. Before that they could have been altered",
        "能读出时间的文件自称 {0}，按同一时钟直到 {1} 才记入日志，晚了 {2} 天；此前可能被改动";
    // The same of several days, in which case the days between are the most.
    LookLateUpTo = "look-late-up-to",
        "The files whose time can be read say {0}; by the same clock they were logged only on {1}, up to {2} days later. Before that they could have been altered",
        "能读出时间的文件自称 {0}，按同一时钟直到 {1} 才记入日志，最多晚了 {2} 天；此前可能被改动";
}
