//! The help in Chinese. The English one stands beside the arguments themselves.

use clap::{Arg, Command};

const EXAMPLES: &str = "\
示例：
  新建来源，并请日志登记所打印的密钥：
    fiducial-agent init --vault vault --source line-4.example/aoi-7 \\
        --log http://127.0.0.1:8080 --log-key log.example/demo+1f2e3d4c+AZ...

  锚定两份报告；回执和开示写在保险库旁边：
    fiducial-agent anchor aoi-0099123.json profile-0302.json --vault vault

  继续发送先前未能发送的声明：
    fiducial-agent anchor --vault vault

退出码：0 已锚定，1 被拒绝，2 未能完成。";

/// Replaces every description by its Chinese one.
pub(super) fn in_chinese(command: Command) -> Command {
    command
        .about("计算证据的哈希、签署声明并锚定到透明日志。报告只读不改，也不离开工厂。")
        .after_help(EXAMPLES)
        .mut_arg("lang", help("消息所用的语言；未指定时取 LC_ALL、LC_MESSAGES 或 LANG 的语言"))
        .mut_arg("json", help("输出一个 JSON 对象，而不是文字"))
        .mut_subcommand("anchor", |anchor| {
            anchor
                .about("在一条声明中锚定文件，或完成先前的声明")
                .mut_arg("files", help("报告文件；不指定时，重新发送未完成的声明"))
                .mut_arg("vault", help("该来源的保险库"))
                .mut_arg("out", help("回执和开示的存放位置；未指定时写在保险库旁边"))
                .mut_arg("timeout", help("等待日志及其见证方的秒数"))
        })
        .mut_subcommand("init", |init| {
            init.about("新建来源：密钥和保险库。打印需由日志登记的验证密钥")
                .mut_arg("vault", help("要新建的保险库文件夹"))
                .mut_arg("source", help("来源的名称，例如 line-4.example/aoi-7；名称是公开的"))
                .mut_arg("log", help("日志的地址"))
                .mut_arg("log_key", help("日志的验证密钥；日志有多把时可重复指定"))
                .mut_arg(
                    "policy",
                    help("回执必须满足的策略（C2SP tlog-policy）；不指定时日志自己的签名即可"),
                )
        })
}

fn help(text: &'static str) -> impl FnOnce(Arg) -> Arg {
    move |argument| argument.help(text)
}
