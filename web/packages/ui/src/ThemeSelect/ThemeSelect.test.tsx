import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { LocaleSelect } from "../LocaleSelect/LocaleSelect.tsx";
import { renderKit } from "../testing/render.tsx";
import { ThemeSelect } from "./ThemeSelect.tsx";

const labels = () => screen.getAllByRole("option").map((option) => option.textContent);

test("a theme is chosen by its name", async () => {
  const onChange = vi.fn();
  renderKit(<ThemeSelect value="system" onChange={onChange} />);
  expect(labels()).toEqual(["System", "Light", "Dark", "High contrast"]);
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Theme" }), "Dark");
  expect(onChange).toHaveBeenCalledExactlyOnceWith("dark");
});

test("languages stand under their own names in every language", async () => {
  const onChange = vi.fn();
  const { unmount } = renderKit(<LocaleSelect value="system" onChange={onChange} />);
  expect(labels()).toEqual(["Browser", "English", "简体中文"]);
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Language" }), "简体中文");
  expect(onChange).toHaveBeenCalledExactlyOnceWith("zh");
  unmount();
  renderKit(<LocaleSelect value="zh" onChange={onChange} />, { locale: "zh" });
  expect(labels()).toEqual(["跟随浏览器", "English", "简体中文"]);
});
