//! What is said of timestamps and templates.

use crate::messages::Message;

catalogue! {
    // Timestamps: what holds.
    StampSound = "stamp-sound",
        "the token is of exactly the checkpoint in {0}, and is signed by the certificate that it names",
        "令牌所指正是 {0} 中的检查点，且由其所指明的证书签署";
    StampHowToAsk = "stamp-how-to-ask",
        "send {0} to a timestamping authority (application/timestamp-query) and keep its response as it comes",
        "请将 {0} 发给时间戳机构（application/timestamp-query），并原样保存其答复";
    LabelStampTime = "stamp-time", "time stated by the authority", "机构所称时间";
    LabelStampAccuracy = "stamp-accuracy", "accuracy that it states", "其所称精度";
    LabelStampSigner = "stamp-signer", "signed by", "签署者";
    LabelStampCertificate = "stamp-certificate", "SHA-256 of its certificate", "其证书的 SHA-256";
    LabelStampAuthority = "stamp-authority", "authority that you trust", "您所信任的机构";
    LabelStampClaimed = "stamp-claimed", "timestamp enclosed for", "附有时间戳";
    StampNoAccuracy = "stamp-no-accuracy", "not stated", "未说明";

    // Timestamps: what is wrong.
    StampAltered = "stamp-altered",
        "the token was altered: what it states does not have the hash that is signed",
        "令牌已被改动：其内容与所签署的哈希不符";
    StampBadSignature = "stamp-bad-signature",
        "the signature of the token does not verify with the certificate that it names",
        "令牌的签名无法用其所指明的证书验证";
    StampMalformed = "stamp-malformed", "the token is malformed: {0}", "令牌格式有误：{0}";
    StampNamesNone = "stamp-names-none",
        "the token does not say which certificate signed it (SigningCertificate)",
        "令牌未指明由哪个证书签署（SigningCertificate）";
    StampNotForStamps = "stamp-not-for-stamps",
        "the certificate of {0} is not for timestamps, and for nothing else (critical extended key usage)",
        "{0} 的证书并非专用于时间戳（须有关键的扩展密钥用途）";
    StampNotGranted = "stamp-not-granted",
        "the authority has refused the request: status {0}", "机构拒绝了请求：状态 {0}";
    StampOfAnother = "stamp-of-another",
        "the token is of something else than this checkpoint", "令牌所指不是该检查点";
    StampOtherNonce = "stamp-other-nonce",
        "the token does not repeat the nonce of the request", "令牌未重复请求中的随机数";
    StampOtherRequest = "stamp-other-request",
        "the request is for something else than this checkpoint", "请求所指不是该检查点";
    StampOutOfDate = "stamp-out-of-date",
        "the token states {0}, and its certificate was valid from {1} to {2} only",
        "令牌所称时间为 {0}，而其证书仅在 {1} 至 {2} 有效";
    StampUntrusted = "stamp-untrusted",
        "the certificate of {0} does not lead to an authority that you trust: {1}",
        "{0} 的证书不通向您所信任的任何机构：{1}";
    StampWeakImprint = "stamp-weak-imprint",
        "the token names the checkpoint by a hash that proves nothing ({0}); SHA-256, SHA-384 or SHA-512 is needed",
        "令牌用不足为凭的哈希（{0}）指称检查点；须用 SHA-256、SHA-384 或 SHA-512";
    StampWithoutCertificate = "stamp-without-certificate",
        "the certificate that signed does not come with the token: it was asked for without certReq, or the token was altered",
        "令牌未附签署它的证书：请求时未要求证书，或令牌已被改动";

    // Timestamps: what kept us from deciding.
    StampBadAuthorities = "stamp-bad-authorities",
        "{0} holds no certificates in PEM, or one that is malformed", "{0} 中没有 PEM 格式的证书，或证书格式有误";
    StampBadRequest = "stamp-bad-request", "{0} is no timestamp request", "{0} 不是时间戳请求";
    StampNoRandom = "stamp-no-random", "the system gives no random numbers: {0}", "系统无法给出随机数：{0}";
    StampNowhere = "stamp-nowhere",
        "{0} is of no checkpoint of a receipt that is enclosed", "{0} 所指不是任何所附回执的检查点";
    StampUnknown = "stamp-unknown",
        "the token uses something that this program does not know: {0}", "令牌使用了本程序不了解的内容：{0}";

    // Timestamps: what was not checked.
    OpenStampAuthority = "open-stamp-authority",
        "whether {0} is an authority to believe: name those that you trust (--ca, or --tsa-ca for a bundle)",
        "{0} 是否为可信的机构：请指明您所信任的机构（--ca；证据包用 --tsa-ca）";
    OpenStampCheckpoint = "open-stamp-checkpoint",
        "whether the checkpoint itself is signed and witnessed: verify its receipt or bundle under your policy",
        "检查点本身是否有签名和见证：请按您的策略验证其回执或证据包";
    OpenStampRequest = "open-stamp-request",
        "whether the token answers your own request (--request)", "令牌是否答复了您自己的请求（--request）";
    OpenStampRevocation = "open-stamp-revocation",
        "whether a certificate of the authority was revoked", "机构的证书是否已被吊销";

    // Templates.
    TemplateUnknown = "template-unknown", "there is no template {0}", "没有名为 {0} 的模板";
    HintTemplates = "hint-templates", "`fiducial template list` names them", "fiducial template list 会列出全部模板";
    LabelTemplate = "template", "template", "模板";
    TemplateNotLawyer = "template-not-lawyer",
        "these are drafts: a lawyer must read what is sent to a court or to the other side",
        "这些只是草稿：提交法院或对方之前，须由律师审阅";
    TemplateAboutOperator = "template-about-operator",
        "log-operator: who runs the log and how it is kept", "log-operator：日志由谁运行、如何保管";
    TemplateAboutWitnesses = "template-about-witnesses",
        "witnesses: who the witnesses are and how they relate to the parties",
        "witnesses：见证者是谁、与各当事方有何关系";
    TemplateAbout90213 = "template-about-902-13",
        "fre-902-13: certification of a record that a system generated (US Federal Rule of Evidence 902(13))",
        "fre-902-13：系统所生成记录的认证（美国联邦证据规则 902(13)）";
    TemplateAbout90214 = "template-about-902-14",
        "fre-902-14: certification of data copied, by its hash (US Federal Rule of Evidence 902(14))",
        "fre-902-14：以哈希认证所复制的数据（美国联邦证据规则 902(14)）";
    TemplateAboutChina = "template-about-china",
        "cn-electronic-data: what Chinese rules on electronic data ask, and what the bundle holds for it",
        "cn-electronic-data：中国关于电子数据的规定所要求的内容，以及证据包中与之对应的内容";
    TemplateBlank = "template-blank", "TO BE FILLED IN", "待填";
    TemplateUnchecked = "template-unchecked", "not checked", "未检查";
    TemplateNobody = "template-nobody", "nobody named in the list", "清单中未列任何一方";
    TemplateNone = "template-none", "none", "无";
}
