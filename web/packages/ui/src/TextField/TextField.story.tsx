import { useState } from "react";
import { Select } from "../Select/Select.tsx";
import { Skeleton } from "../Skeleton/Skeleton.tsx";
import { Switch } from "../Switch/Switch.tsx";
import { Tabs } from "../Tabs/Tabs.tsx";
import { TextField } from "./TextField.tsx";

export function Fields() {
  const [text, setText] = useState("ana");
  const [on, setOn] = useState(true);
  const [choice, choose] = useState<"a" | "b">("a");
  const options = [
    { value: "a", label: "First" },
    { value: "b", label: "Second" },
  ] as const;
  const tabs = [
    { id: "a", label: "All" },
    { id: "b", label: "Unread", count: 4 },
  ] as const;
  return (
    <div className="story-column">
      <TextField
        label="Login name"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <TextField
        label="Password"
        type="password"
        hint="At least 8 characters"
        defaultValue="secret"
      />
      <TextField label="Login name" error="This login name is taken" defaultValue="ana" />
      <TextField
        label="Search"
        labelHidden
        icon="search"
        placeholder="Search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onClear={() => setText("")}
      />
      <Select label="Order" options={options} value={choice} onChange={choose} />
      <Switch label="Sound" hint="While the page is open" checked={on} onChange={setOn} />
      <Switch label="Off" checked={false} onChange={setOn} />
      <Tabs label="Filter" tabs={tabs} value={choice} onChange={choose} />
      <Tabs label="Line" variant="line" tabs={tabs} value={choice} onChange={choose}>
        Panel
      </Tabs>
      <Skeleton width="60%" />
      <Skeleton />
    </div>
  );
}
