/** The forms of a phrase with a number; `#` stands for the number. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

const rules = new Map<string, { plural: Intl.PluralRules; number: Intl.NumberFormat }>();

/** The form that goes with `n` in a language: `plural("en", 2, { one: "# day", other: "# days" })`. */
export function plural(language: string, n: number, forms: Forms): string {
  let rule = rules.get(language);
  if (rule === undefined) {
    rule = { plural: new Intl.PluralRules(language), number: new Intl.NumberFormat(language) };
    rules.set(language, rule);
  }
  return (forms[rule.plural.select(n)] ?? forms.other).replaceAll("#", rule.number.format(n));
}
