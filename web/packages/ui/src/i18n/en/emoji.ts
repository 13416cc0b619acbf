/** The emoji picker. */
export const emoji = {
  title: "Emoji",
  search: "Find an emoji",
  recent: "Last used",
  groups: {
    smileys: "Smileys and feelings",
    people: "People and gestures",
    nature: "Animals and nature",
    food: "Food and drink",
    travel: "Travel and places",
    activities: "Activities",
    objects: "Objects",
    symbols: "Symbols",
    flags: "Flags",
  },
  categories: "Categories",
  results: (count: string) => `Found: ${count}`,
  none: "No emoji is called that",
  failed: "The emoji could not be loaded",
  tone: "Skin tone",
  tones: ["No tone", "Light", "Medium-light", "Medium", "Medium-dark", "Dark"] as readonly string[],
};
