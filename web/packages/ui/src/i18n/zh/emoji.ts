import type { emoji as en } from "../en/emoji.ts";

export const emoji: typeof en = {
  title: "表情",
  search: "搜索表情",
  recent: "最近使用",
  groups: {
    smileys: "笑脸与情感",
    people: "人物与手势",
    nature: "动物与自然",
    food: "食物与饮料",
    travel: "旅行与地点",
    activities: "活动",
    objects: "物品",
    symbols: "符号",
    flags: "旗帜",
  },
  categories: "分类",
  results: (count) => `找到 ${count} 个`,
  none: "没有找到表情",
  failed: "表情加载失败",
  tone: "肤色",
  tones: ["默认", "浅肤色", "中浅肤色", "中等肤色", "中深肤色", "深肤色"],
};
