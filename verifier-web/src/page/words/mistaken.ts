/**
 * What is said of a text that was put into another's field, or of a file that is taken as another; `{0}` is what that is
 * for. Where it belongs is called as the page calls it.
 */

import { OWN_ROLES } from "./labels.ts";
import type { Words } from "./language.ts";

export const MISTAKEN: Readonly<Record<string, Words>> = {
  "given-bundle": {
    en: "What was put in as {0} is a bundle: drop it among the files, and put the text of your own in its place.",
    zh: "填作{0}的内容是证据包：请将它与其他文件一起拖入，此栏请填您自己的文本。",
  },
  "looks-disclosure": {
    en: "What was put in as {0} opens the records of a receipt: drop it among the files, beside the receipt.",
    zh: "填作{0}的内容是回执的披露文件：请将它与回执一起拖入。",
  },
  "looks-keys": {
    en: `What was put in as {0} looks like keys of machines: put them in as “${OWN_ROLES.keys.en}”.`,
    zh: `填作{0}的内容看起来是机器密钥：请改作“${OWN_ROLES.keys.zh}”。`,
  },
  "looks-lot-key": {
    en: `What was put in as {0} looks like a lot key, which is not shown: put it in as “${OWN_ROLES.lotKeys.en}”.`,
    zh: `填作{0}的内容看起来是批次密钥，不予显示：请改作“${OWN_ROLES.lotKeys.zh}”。`,
  },
  "looks-pins": {
    en: `What was put in as {0} looks like pins: put it in as “${OWN_ROLES.pins.en}”.`,
    zh: `填作{0}的内容看起来是信任锚点文件（pins）：请改作“${OWN_ROLES.pins.zh}”。`,
  },
  "looks-policy": {
    en: `What was put in as {0} looks like a policy: put it in as “${OWN_ROLES.policy.en}”.`,
    zh: `填作{0}的内容看起来是策略：请改作“${OWN_ROLES.policy.zh}”。`,
  },
  "looks-receipt": {
    en: "What was put in as {0} is a receipt: drop it among the files.",
    zh: "填作{0}的内容是回执：请将它与其他文件一起拖入。",
  },
  "looks-units": {
    en: `What was put in as {0} looks like a list of units: put it in as “${OWN_ROLES.units.en}”.`,
    zh: `填作{0}的内容看起来是单元清单：请改作“${OWN_ROLES.units.zh}”。`,
  },
};
