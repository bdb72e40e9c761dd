/** What is said of units that are found by their panel, and of boards that no machine has inspected. */

import type { Words } from "./language.ts";

export const LOOKED: Readonly<Record<string, Words>> = {
  "open-reconcile": {
    en: "Whether each board was inspected, and what became of it: the delivery comparison (`fiducial reconcile`) judges that.",
    zh: "各块板是否经过检测、其后如何：由出货核对（`fiducial reconcile`）判定。",
  },
  "open-not-inspected": {
    en: "To look at: of {0} boards or panels named in what is shown, no report of an inspection machine (AOI) under that name is there for {1}: {2}.",
    zh: "请留意：所出示的内容写明的 {0} 个单板或拼板中，有 {1} 个在该名称下没有检测机（AOI）的报告：{2}。",
  },
  "own-by-listed-panel": {
    en: "{0} of your {1} units are found by the panel that your list gives for them, not by their serials.",
    one: "{0} of your {1} units is found by the panel that your list gives for it, not by its serial.",
    zh: "您的 {1} 个单元中有 {0} 个是按您清单所给的拼板找到的，而非按序列号。",
  },
  "own-by-panel": {
    en: "{0} of your {1} units are found by the panel alone: the records name the panel and not the board, so a record may be of a neighbour on the same panel.",
    one: "{0} of your {1} units is found by the panel alone: the records name the panel and not the board, so a record may be of a neighbour on the same panel.",
    zh: "您的 {1} 个单元中有 {0} 个仅凭拼板找到：记录写明的是拼板，而非单板，因此记录可能属于同一拼板上的相邻单板。",
  },
  "own-by-panel-some": {
    en: "{0} of your {1} units are found by the panel alone: the records name the panel and not the board, so a record may be of a neighbour on the same panel: {2}.",
    one: "{0} of your {1} units is found by the panel alone: the records name the panel and not the board, so a record may be of a neighbour on the same panel: {2}.",
    zh: "您的 {1} 个单元中有 {0} 个仅凭拼板找到：记录写明的是拼板，而非单板，因此记录可能属于同一拼板上的相邻单板：{2}。",
  },
};
