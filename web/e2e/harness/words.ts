/** What the client calls the things that tests press, in both languages. */

const en = {
  nav: "Main",
  settings: "Settings",
  toRegister: "New here? Create an account",
  createAccount: "Create account",
  signIn: "Sign in",
  yourName: "Your name",
  loginName: "Login name",
  newChat: "New chat",
  groupName: "Group name",
  createGroup: "Create group",
  moreActions: "More actions",
  reactWith: (emoji: string) => `React with ${emoji}`,
  reply: "Reply",
  edit: "Edit",
  recall: "Recall",
  reedit: "Edit again",
  recalledByYou: "You recalled a message",
  recalledBy: (name: string) => `${name} recalled a message`,
  deleteForMe: "Delete for me",
  delete: "Delete",
  select: "Select",
  readBy: (count: number) => `Read by ${count}`,
  devices: "Devices",
  messagesList: "Messages",
};

/** The words of a language. */
export type Words = typeof en;

const zh: Words = {
  nav: "主导航",
  settings: "设置",
  toRegister: "还没有账号？注册一个",
  createAccount: "注册",
  signIn: "登录",
  yourName: "你的名字",
  loginName: "登录名",
  newChat: "发起会话",
  groupName: "群名称",
  createGroup: "创建群组",
  moreActions: "更多操作",
  reactWith: (emoji) => `用 ${emoji} 回应`,
  reply: "引用回复",
  edit: "编辑",
  recall: "撤回",
  reedit: "重新编辑",
  recalledByYou: "你撤回了一条消息",
  recalledBy: (name) => `${name} 撤回了一条消息`,
  deleteForMe: "为我删除",
  delete: "删除",
  select: "多选",
  readBy: (count) => `${count} 人已读`,
  devices: "设备",
  messagesList: "消息",
};

/** By language. */
export const words = { en, zh };
