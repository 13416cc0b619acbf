import { GroupSettings } from "./GroupSettings.tsx";

/** As its owner sees it. */
export function AsOwner() {
  return (
    <div className="story-column">
      <GroupSettings conversation="cnv_release" onOpenUser={() => {}} />
    </div>
  );
}

/** A group without a name, as a member sees it. */
export function AsMember() {
  return (
    <div className="story-column">
      <GroupSettings conversation="cnv_nameless" onOpenUser={() => {}} />
    </div>
  );
}
