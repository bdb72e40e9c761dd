/** What is said before the reasons of a verdict. Behind the values that a code has, the last one is the names. */

import type { Words } from "./language.ts";

export const LOOK: Readonly<Record<string, Words>> = {
  "look-nowhere": {
    en: "{0} of your {1} units are nowhere: {2}",
    one: "{0} of your {1} units is nowhere: {2}",
    zh: "您的 {1} 个单元中有 {0} 个找不到：{2}",
  },
  "look-ask-records": {
    en: "In no record. Compare the spelling first; then ask the maker for their records.",
    zh: "任何记录中都没有。请先核对写法，再向工厂索取其记录。",
  },
  "look-header": {
    en: "The first line, `{0}`, was taken for a header.",
    zh: "首行 `{0}` 被当作表头。",
  },
  "look-not-inspected": {
    en: "{0} boards have no inspection report (AOI): {1}",
    one: "{0} board has no inspection report (AOI): {1}",
    zh: "{0} 块电路板没有检测（AOI）报告：{1}",
  },
  "look-ask-report": {
    en: "Ask the maker for them.",
    one: "Ask the maker for it.",
    zh: "请向工厂索要。",
  },
  "look-no-report": {
    en: "No inspection report (AOI) is among what is shown",
    zh: "所出示的内容中没有检测（AOI）报告",
  },
  "look-failed": {
    en: "{0} boards failed at the machine and nobody passed them: {1}",
    one: "{0} board failed at the machine and nobody passed it: {1}",
    zh: "{0} 块电路板被机器判为不合格，无人复判通过：{1}",
  },
  "look-repaired": {
    en: "{0} boards failed at the machine and were repaired; no later inspection is shown: {1}",
    one: "{0} board failed at the machine and was repaired; no later inspection is shown: {1}",
    zh: "{0} 块电路板被机器判为不合格，后经维修，未出示其后的检测：{1}",
  },
  "look-passed-by-person": {
    en: "{0} boards failed at the machine and were passed by a person: {1}",
    one: "{0} board failed at the machine and was passed by a person: {1}",
    zh: "{0} 块电路板被机器判为不合格，后由人员复判通过：{1}",
  },
  "look-unfollowed": {
    en: "{0} boards failed at the machine; what became of them is in their records alone: {1}",
    one: "{0} board failed at the machine; what became of it is in its records alone: {1}",
    zh: "{0} 块电路板被机器判为不合格；其后如何，请见各自的记录：{1}",
  },
  "look-late": {
    en: "The files whose time can be read say {0}; by the same clock they were logged only on {1}, {2} days later. Before that they could have been altered.",
    zh: "能读出时间的文件自称 {0}，按同一时钟直到 {1} 才记入日志，晚了 {2} 天；此前可能被改动。",
  },
};

/** Of several days, in which case the days between are the most. */
export const LATE_UP_TO: Words = {
  en: "The files whose time can be read say {0}; by the same clock they were logged only on {1}, up to {2} days later. Before that they could have been altered.",
  zh: "能读出时间的文件自称 {0}，按同一时钟直到 {1} 才记入日志，最多晚了 {2} 天；此前可能被改动。",
};
