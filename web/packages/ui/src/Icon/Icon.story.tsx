import { Icon, type IconName } from "./Icon.tsx";
import { paths } from "./paths.ts";

export function Icons() {
  return (
    <div className="story-row">
      {Object.keys(paths).map((name) => (
        <span key={name} style={{ width: 84, textAlign: "center", fontSize: 11 }}>
          <Icon name={name as IconName} size={28} />
          <br />
          {name}
        </span>
      ))}
    </div>
  );
}
