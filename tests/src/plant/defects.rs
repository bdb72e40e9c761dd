//! The ways a joint or a part can be wrong, as the machines name them.
//!
//! Categories are those that IPC-CFX suggests (DOMAIN 1.3), the Chinese words those that a
//! Chinese MES counts (DOMAIN 2.1). Codes are this site's own, and its table of codes is a file
//! that somebody may edit.

/// One kind of defect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defect {
    /// The site's code.
    pub(crate) code: &'static str,
    /// IPC-CFX's category.
    pub(crate) category: &'static str,
    /// For a reader of English.
    pub(crate) english: &'static str,
    /// For a reader of Chinese.
    pub(crate) chinese: &'static str,
    /// For a reader of Japanese.
    pub(crate) japanese: &'static str,
    /// How often beside the others.
    pub(crate) weight: u64,
    /// Whether it stands at one pin of a part with many.
    pub(crate) at_pin: bool,
}

const fn defect(names: [&'static str; 5], weight: u64, at_pin: bool) -> Defect {
    let [code, category, english, chinese, japanese] = names;
    Defect { code, category, english, chinese, japanese, weight, at_pin }
}

/// All kinds.
pub(crate) const DEFECTS: [Defect; 13] = [
    defect(["SFT01", "ComponentShifted", "shifted", "偏位", "位置ズレ"], 24, false),
    defect(["INS01", "InsufficientSolder", "too little solder", "少锡", "はんだ不足"], 20, true),
    defect(["EXC01", "ExcessiveSolder", "too much solder", "多锡", "はんだ過多"], 9, true),
    defect(["SHT01", "Short", "bridge", "连锡", "ブリッジ"], 9, true),
    defect(["LFT01", "LiftedLead", "lifted lead", "翘脚", "リード浮き"], 8, true),
    defect(["ROT01", "ComponentRotated", "rotated", "歪斜", "角度ズレ"], 7, false),
    defect(["TMB01", "Tombstone", "standing upright", "立碑", "部品立ち"], 6, false),
    defect(["MIS01", "ComponentMissing", "missing", "缺件", "欠品"], 5, false),
    defect(["SBL01", "Solderball", "solder ball", "锡珠", "はんだボール"], 4, true),
    defect(["WRC01", "WrongComponent", "wrong part", "错件", "誤部品"], 3, false),
    defect(["POL01", "WrongPolarity", "wrong way round", "反向", "極性逆"], 2, false),
    defect(["FDN01", "FaceDownComponent", "face down", "翻转", "裏返り"], 2, false),
    defect(["CNT01", "Contamination", "foreign matter", "异物", "異物"], 1, false),
];

/// Draws one, by weight.
pub(crate) fn draw(dice: &mut super::dice::Dice) -> &'static Defect {
    let total: u64 = DEFECTS.iter().map(|defect| defect.weight).sum();
    let mut at = dice.whole(0, total - 1);
    for defect in &DEFECTS {
        if at < defect.weight {
            return defect;
        }
        at -= defect.weight;
    }
    &DEFECTS[0]
}
