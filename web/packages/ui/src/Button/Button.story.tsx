import { Badge } from "../Badge/Badge.tsx";
import { IconButton } from "../IconButton/IconButton.tsx";
import { Spinner } from "../Spinner/Spinner.tsx";
import { Tooltip } from "../Tooltip/Tooltip.tsx";
import { Button } from "./Button.tsx";

export function Buttons() {
  return (
    <>
      {(["md", "sm"] as const).map((size) => (
        <div key={size} className="story-row">
          {(["primary", "secondary", "ghost", "danger"] as const).map((variant) => (
            <Button key={variant} variant={variant} size={size}>
              {variant}
            </Button>
          ))}
          <Button variant="primary" size={size} busy>
            Busy
          </Button>
          <Button size={size} disabled>
            Disabled
          </Button>
          <Button size={size} icon="user-plus">
            With icon
          </Button>
        </div>
      ))}
      <div className="story-row">
        <IconButton label="Search" icon="search" />
        <IconButton label="More" icon="more" size="sm" />
        <IconButton label="Send" icon="send" tone="accent" size="lg" />
        <IconButton label="Bold" icon="bold" pressed />
        <IconButton label="Delete" icon="trash" tone="danger" />
        <Badge count={3} />
        <Badge count={128} />
        <Badge count={7} tone="muted" />
        <Badge count={1} tone="danger" />
        <Spinner />
        <Tooltip text="More about it">
          <Button variant="ghost">Tooltip</Button>
        </Tooltip>
      </div>
    </>
  );
}
