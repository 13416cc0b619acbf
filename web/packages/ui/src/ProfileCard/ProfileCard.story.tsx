import { ProfileCard } from "./ProfileCard.tsx";

/** Somebody, somebody with a long name, and oneself. */
export function Cards() {
  return (
    <div className="story-column">
      <ProfileCard user="limei" onMessage={() => {}} />
      <ProfileCard user="maximilian" onMessage={() => {}} />
      <ProfileCard user="ana" onMessage={() => {}} />
    </div>
  );
}
