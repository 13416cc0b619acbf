import type { connection as en } from "../en/connection.ts";
import { plural } from "../plural.ts";

export const connection: typeof en = {
  connecting: "正在连接…",
  offline: "网络已断开",
  offlineText: "你写的内容会先保存，恢复后自动发送。",
  retryIn: (s) => plural("zh", s, { other: "# 秒后重试" }),
  retryNow: "立即重试",
  syncing: "正在同步…",
  back: "已重新连接",
  stopped: {
    closed: "连接已关闭",
    signed_out: "你已退出登录",
    token_refused: "登录已失效",
    revoked: "此设备已被下线",
    other_user: "此浏览器已登录其他账号",
    refused: "服务器拒绝连接",
  },
};
